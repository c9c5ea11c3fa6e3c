// Sorting and printing of configuration errors. Source lines are shown as written in the file, never as they read after
// substitution: what ${file:...} brought in may be a secret.
#include "common/config/diagnostics.h"

#include <algorithm>
#include <span>
#include <utility>

namespace adit::yaml {
namespace {

constexpr std::size_t max_line_shown = 160;

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

bool is_control(char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
}

/// The line and a caret below `column`, both behind a margin with the line number.
std::string excerpt(const Place& place) {
    auto line = place.source->line(place.line);
    auto before = std::min(place.column - 1, line.size());
    if (line.size() > max_line_shown) {
        // A window around the column, cut at characters so that the terminal gets valid UTF-8.
        auto start = before > max_line_shown / 2 ? before - max_line_shown / 2 : 0;
        while (start > 0 && !starts_character(line[start])) --start;
        line.remove_prefix(start);
        before -= start;
        auto length = std::min(max_line_shown, line.size());
        while (length < line.size() && !starts_character(line[length])) ++length;
        line = line.substr(0, length);
    }
    const auto number = std::to_string(place.line);
    std::string shown = "  " + number + " | ";
    std::string marker = "  " + std::string(number.size(), ' ') + " | ";
    for (std::size_t i = 0; i < line.size(); ++i) {
        shown += is_control(line[i]) ? ' ' : line[i];
        if (i < before && starts_character(line[i])) marker += ' ';
    }
    return shown + '\n' + marker + "^\n";
}

}  // namespace

void Diagnostics::error(Place place, std::string message) {
    found_.push_back(Diagnostic{std::move(place), std::move(message)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
    auto result = found_;
    std::ranges::sort(result, [](const Diagnostic& a, const Diagnostic& b) {
        return a.place < b.place || (!(b.place < a.place) && a.message < b.message);
    });
    const auto repeated = std::ranges::unique(result);
    result.erase(repeated.begin(), repeated.end());
    return result;
}

std::string Diagnostics::text(std::string_view called) const {
    const auto all = sorted();
    std::string result;
    for (const auto& [place, message] : std::span(all).first(std::min(all.size(), max_printed))) {
        result += place.text() + ": " + std::string(called) + ": " + message + '\n';
        if (place.source && place.line != 0) result += excerpt(place);
    }
    if (all.size() > max_printed)
        result += "and " + std::to_string(all.size() - max_printed) + " more " + std::string(called) + "s\n";
    return result;
}

}  // namespace adit::yaml
