// The steps of loading: document, table, rules. Each goes on after errors of the one before, so that one run tells all.
#include "connector/config/load.h"

#include <utility>

#include "common/config/document.h"
#include "connector/config/table.h"
#include "connector/config/validate.h"

namespace adit::config {

std::expected<Configuration, yaml::Diagnostics> load(const std::filesystem::path& path,
                                                     const yaml::Environment& environment) {
    yaml::Diagnostics diagnostics;
    const auto root = yaml::load_document(path, environment, diagnostics);
    if (!root) return std::unexpected(std::move(diagnostics));
    Configuration configuration;
    configuration_table().read(*root, configuration, diagnostics);
    validate(*root, configuration, diagnostics);
    if (!diagnostics.ok()) return std::unexpected(std::move(diagnostics));
    return configuration;
}

}  // namespace adit::config
