// The steps of loading: document, table, rules. Each goes on after errors of the one before, so that one run tells all.
#include "connector/config/load.h"

#include <set>
#include <utility>

#include "common/base/secret_scope.h"
#include "common/config/document.h"
#include "connector/config/make_outline.h"
#include "connector/config/table.h"
#include "connector/config/validate.h"
#include "connector/config/warnings.h"

namespace adit::config {
namespace {

/// The files that values of the document stand in, or were read from.
void add_files(const yaml::Node& node, std::set<std::filesystem::path>& files) {
    files.insert(node.place.file());
    files.insert(node.files.begin(), node.files.end());
    for (const yaml::Node& item : node.items) add_files(item, files);
    for (const yaml::Member& member : node.members) {
        files.insert(member.key_place.file());
        add_files(member.value, files);
    }
}

/// What is wrong, without the texts of the files.
std::unexpected<yaml::Diagnostics> refused(yaml::Diagnostics wrong) {
    wrong.quote(known_words());
    return std::unexpected(std::move(wrong));
}

}  // namespace

std::expected<Configuration, yaml::Diagnostics> load(const std::filesystem::path& path,
                                                     const yaml::Environment& environment) {
    const SecretScope scope;  // what the document and its reader leave behind, written out or brought in
    yaml::Diagnostics diagnostics;
    const auto root = yaml::load_document(path, environment, diagnostics);
    if (!root) return refused(std::move(diagnostics));
    Configuration configuration;
    configuration_table().read(*root, configuration, diagnostics);
    validate(*root, configuration, diagnostics);
    if (!diagnostics.ok()) return refused(std::move(diagnostics));
    configuration.warnings = find_warnings(*root, configuration);
    if (!configuration.warnings.ok()) configuration.warnings.quote(known_words());
    configuration.outline = make_outline(*root);
    std::set<std::filesystem::path> files{path};
    add_files(*root, files);
    configuration.files.assign(files.begin(), files.end());
    return configuration;
}

}  // namespace adit::config
