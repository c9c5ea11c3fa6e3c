// The connector's configuration: YAML, substitution, merging, its table, the rules over it, and what is shown of it.
#include "common/config/effective.h"
#include "connector/config/check.h"
#include "connector/config/table.h"
#include "connector/config/validate.h"
#include "connector/config/warnings.h"
#include "tests/fuzz/documents.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    yaml::Diagnostics diagnostics;
    const auto root = document(input, diagnostics);
    if (!root) {
        demand_places(diagnostics);
        return;
    }
    const auto& table = config::configuration_table();
    config::Configuration configuration;
    table.read(*root, configuration, diagnostics);
    config::validate(*root, configuration, diagnostics);
    demand_places(diagnostics);
    if (!diagnostics.ok()) {
        return;
    }
    configuration.warnings = config::find_warnings(*root, configuration);
    demand_places(configuration.warnings);
    demand(!config::summary(configuration).empty(), "a good configuration can be told in a line");
    static_cast<void>(config::notices(configuration));
    const std::string shown = yaml::effective(*root, table.schema());
    demand(shown.find("s3cret") == std::string::npos, "what came from outside is not shown");
    yaml::Diagnostics none;
    demand(document(shown, none).has_value() && none.ok(), "what is shown is a document itself");
}
