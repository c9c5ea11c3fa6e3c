// Line starts are found once per file, so that printing many errors of a large file stays linear.
#include "common/config/place.h"

#include <tuple>
#include <utility>

namespace adit::yaml {

Source::Source(std::string name, std::filesystem::path directory, std::string text, std::size_t order)
    : name_(std::move(name)), directory_(std::move(directory)), text_(std::move(text)), order_(order), line_starts_{0} {
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (text_[i] == '\n') line_starts_.push_back(i + 1);
}

std::string_view Source::line(std::size_t number) const {
    if (number == 0 || number > line_starts_.size()) return {};
    const std::size_t start = line_starts_[number - 1];
    const std::size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
    auto line = std::string_view(text_).substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string Place::text() const {
    std::string result(file());
    if (line != 0) result += ':' + std::to_string(line) + ':' + std::to_string(column);
    return result;
}

bool operator<(const Place& a, const Place& b) {
    const auto key = [](const Place& place) {
        return std::tuple(place.source ? place.source->order() : 0, place.line, place.column);
    };
    return key(a) < key(b);
}

}  // namespace adit::yaml
