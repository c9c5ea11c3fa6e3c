// Parsing, substituting and merging in memory; see documents.h.
#include "tests/fuzz/documents.h"

#include <algorithm>
#include <string>

#include "common/config/merge.h"
#include "common/config/parser.h"
#include "common/config/substitute.h"
#include "tests/fuzz/target.h"

namespace adit::fuzz {
namespace {

constexpr std::string_view kNextFile = "\n%%\n";
constexpr std::string_view kOfQuotes = " -#.:,[]{}";  ///< where no key is known

bool names_a_file(const yaml::Node& node) {
    return node.text.contains("${file:") || std::ranges::any_of(node.items, names_a_file) ||
           std::ranges::any_of(node.members, [](const yaml::Member& member) { return names_a_file(member.value); });
}

std::optional<std::string> variable(std::string_view name) {
    if (name == "SECRET") {
        return "s3cret ${HOME}";  // what comes in is not looked at again
    }
    return name == "PORT" ? std::optional<std::string>("8080") : std::nullopt;
}

}  // namespace

std::optional<yaml::Node> document(std::string_view text, yaml::Diagnostics& diagnostics) {
    std::optional<yaml::Node> whole;
    for (std::size_t order = 0; order < 4; ++order) {
        const std::size_t end = std::min(text.find(kNextFile), text.size());
        const auto source = std::make_shared<const yaml::Source>("part" + std::to_string(order), "/nowhere",
                                                                 std::string(text.substr(0, end)), order);
        auto part = yaml::parse(source, diagnostics);
        if (!part || part->kind != yaml::Node::Kind::map || names_a_file(*part)) {
            return std::nullopt;
        }
        yaml::substitute(*part, variable, diagnostics);
        if (whole) {
            yaml::merge(*whole, std::move(*part), diagnostics);
        } else {
            whole = std::move(part);
        }
        if (end == text.size()) {
            break;
        }
        text.remove_prefix(end + kNextFile.size());
    }
    return whole;
}

void demand_places(const yaml::Diagnostics& diagnostics) {
    for (const yaml::Diagnostic& found : diagnostics.sorted()) {
        demand(!found.message.empty(), "an error has words");
        demand(found.place.source != nullptr, "and a file");
        const std::string& text = found.place.source->text();
        const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
        if (text.empty()) {
            continue;  // let go of, once it has been quoted
        }
        demand(found.place.line <= lines + 1, "and a line of that file");
        if (found.place.line != 0) {
            const std::string_view line = found.place.source->line(found.place.line);
            const yaml::Quote quote = yaml::masked(line, found.place.column, {});
            demand(quote.column <= quote.line.size(), "which can be pointed into");
            demand(std::ranges::all_of(quote.line, [](char c) { return kOfQuotes.contains(c); }), "and shows no value");
        }
    }
    demand(diagnostics.ok() == diagnostics.text().empty(), "errors can be printed");
}

}  // namespace adit::fuzz
