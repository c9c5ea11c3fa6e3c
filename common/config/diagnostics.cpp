// Sorting and printing of configuration errors.
#include "common/config/diagnostics.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <utility>

namespace adit::yaml {
namespace {

constexpr std::size_t max_line_shown = 160;

/// The line and a caret below `column`, both behind a margin with the line number.
std::string excerpt(const Place& place, const Words& known) {
    const Quote quote = masked(place.source->line(place.line), place.column, known);
    std::size_t start = 0;
    if (quote.line.size() > max_line_shown && quote.column > max_line_shown / 2) {
        start = quote.column - max_line_shown / 2;
    }
    const auto number = std::to_string(place.line);
    return "  " + number + " | " + quote.line.substr(start, max_line_shown) + "\n  " + std::string(number.size(), ' ') +
           " | " + std::string(quote.column - start, ' ') + "^\n";
}

}  // namespace

void Diagnostics::error(Place place, std::string message) {
    found_.push_back({.place = std::move(place), .message = std::move(message)});
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

void Diagnostics::quote(const Words& known) {
    std::map<std::shared_ptr<const Source>, std::shared_ptr<const Source>> bare;
    for (Diagnostic& one : found_) {
        if (!one.place.source) continue;
        if (one.place.line != 0) one.excerpt = excerpt(one.place, known);
        auto& source = bare[one.place.source];
        if (!source) {
            const Source& whole = *one.place.source;
            source = std::make_shared<const Source>(whole.name(), whole.directory(), "", whole.order());
        }
        one.place.source = source;
    }
}

std::string Diagnostics::text(std::string_view called) const {
    return text(called, Lines::without);
}

std::string Diagnostics::text_with_lines(std::string_view called) const {
    return text(called, Lines::with);
}

std::string Diagnostics::text(std::string_view called, Lines lines) const {
    const auto all = sorted();
    std::string result;
    for (const Diagnostic& one : std::span(all).first(std::min(all.size(), max_printed))) {
        result += one.place.text() + ": " + std::string(called) + ": " + one.message + '\n';
        if (lines == Lines::with) result += one.excerpt;
    }
    if (all.size() > max_printed)
        result += "and " + std::to_string(all.size() - max_printed) + " more " + std::string(called) + "s\n";
    return result;
}

}  // namespace adit::yaml
