// What the tests of configuration files share: files that vanish, and errors as lines of text.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "common/config/diagnostics.h"
#include "common/config/substitute.h"

namespace adit::yaml::test {

/// A directory of its own for a test, removed with all it holds.
class TemporaryFiles {
  public:
    TemporaryFiles() {
        std::string name = (std::filesystem::temp_directory_path() / "adit-test-XXXXXX").string();
        if (!::mkdtemp(name.data())) std::abort();
        directory_ = name;
    }
    TemporaryFiles(const TemporaryFiles&) = delete;
    TemporaryFiles& operator=(const TemporaryFiles&) = delete;
    ~TemporaryFiles() { std::filesystem::remove_all(directory_); }

    std::filesystem::path write(const std::string& name, std::string_view content) const {
        const auto path = directory_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    const std::filesystem::path& directory() const { return directory_; }

  private:
    std::filesystem::path directory_;
};

/// Errors as "name:line:column: message" lines, sorted; names without their directory.
inline std::string lines(const Diagnostics& diagnostics, const std::filesystem::path& directory = {}) {
    std::string result;
    for (const auto& [place, message, excerpt] : diagnostics.sorted()) result += place.text() + ": " + message + '\n';
    if (directory.empty()) return result;
    const auto prefix = directory.string() + '/';
    for (auto at = result.find(prefix); at != std::string::npos; at = result.find(prefix, at))
        result.erase(at, prefix.size());
    return result;
}

/// An environment with these variables only.
inline Environment environment(std::map<std::string, std::string, std::less<>> variables = {}) {
    return [variables](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

}  // namespace adit::yaml::test
