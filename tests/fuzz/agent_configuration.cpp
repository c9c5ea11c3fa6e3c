// The agent's configuration file, and the patterns of its allow list.
#include "agent/config/file_config.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "agent/allow/allow_list.h"
#include "tests/fuzz/documents.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

/// The file is read by its name as the program does; a file in memory has one, too.
std::expected<agent::FileConfig, yaml::Diagnostics> load(std::string_view text) {
    static const int fd = ::memfd_create("agent.yaml", MFD_CLOEXEC);
    static const std::string path = "/proc/self/fd/" + std::to_string(fd);
    fuzz::demand(::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) >= 0, "there is room");
    const auto check = [](std::string_view pattern) -> Result<> {
        const auto parsed = agent::AllowPattern::parse(pattern);
        return parsed ? Result<>() : std::unexpected(parsed.error());
    };
    return agent::load_file_config(path, check, [](std::string_view) { return std::nullopt; });
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    yaml::Diagnostics diagnostics;
    const auto root = document(input, diagnostics);
    if (!root || root->find("include") != nullptr) {
        return;  // it names files, or is none
    }
    const auto loaded = load(input);
    if (!loaded) {
        demand(!loaded.error().ok(), "a bad file is told why");
        demand_places(loaded.error());
        return;
    }
    demand(!loaded->connections || (*loaded->connections >= 1 && *loaded->connections <= 64), "numbers are bounded");
    std::vector<agent::AllowPattern> patterns;
    for (const std::string& text : loaded->allow) {
        const auto pattern = agent::AllowPattern::parse(text);
        demand(pattern.has_value(), "a pattern that was checked is one");
        const auto again = agent::AllowPattern::parse(pattern->text());
        demand(again && again->text() == pattern->text(), "and is shown as one");
        patterns.push_back(*pattern);
    }
    const agent::AllowList allow(std::move(patterns));
    const auto metadata = boost::asio::ip::make_address("169.254.169.254");
    bool named = false;
    for (const agent::AllowPattern& pattern : allow.patterns()) {
        named = named || pattern.names_address(metadata, 80);
    }
    demand(named || !allow.check_address(metadata, "innocent.example", 80),
           "metadata services are named or not reached");
}
