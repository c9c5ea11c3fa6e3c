// Folders that the sandbox leaves open for writing although the configuration is in them; see warnings.h.
#include <algorithm>
#include <filesystem>
#include <string>

#include "connector/config/warnings.h"

namespace adit::config {
namespace {

namespace fs = std::filesystem;

fs::path whole(const fs::path& path) {
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error);
    const fs::path real = fs::weakly_canonical(absolute, error);
    return error ? absolute.lexically_normal() : real;
}

/// Whether `inner` is this folder or somewhere below it.
bool holds(const fs::path& folder, const fs::path& inner) {
    return std::ranges::mismatch(folder, inner).in1 == folder.end();
}

}  // namespace

void warn_of_files(const Part& part, const Configuration& configuration, const fs::path& file) {
    const Sandbox& sandbox = configuration.sandbox;
    if (sandbox.mode == sandbox::Mode::off) {
        return;
    }
    const fs::path own = whole(file).parent_path();
    const auto look = [&](const fs::path& folder, const std::string& what, std::initializer_list<yaml::Step> at) {
        if (const fs::path open = whole(folder); open != open.root_path() && holds(open, own)) {
            part.warn(at, what + " leaves " + open.string() +
                              ", and with it this configuration, open for the connector to write in spite of its "
                              "sandbox: give it a folder of its own");
        }
    };
    if (configuration.admin && !configuration.admin->audit.empty()) {
        look(configuration.admin->audit.parent_path(), "the audit log", {"admin", "audit"});
    }
    for (std::size_t i = 0; i < configuration.log.sinks.size(); ++i) {
        if (const auto& to = configuration.log.sinks[i].file) {
            look(to->path.parent_path(), "the log file", {"log", "sinks", i, "file", "path"});
        }
    }
    for (const Issuer& issuer : configuration.issuers) {
        look(issuer.directory, "issuer " + issuer.name, {"issuers", issuer.name, "directory"});
    }
    for (std::size_t i = 0; i < sandbox.paths.size(); ++i) {
        look(sandbox.paths[i], "the sandbox's path", {"sandbox", "paths", i});
        if (whole(sandbox.paths[i]).relative_path().empty()) {
            part.warn({"sandbox", "paths", i},
                      "the root opens nothing: the sandbox never opens all files at once; name "
                      "the folders, or see sandbox.mode");
        }
    }
}

}  // namespace adit::config
