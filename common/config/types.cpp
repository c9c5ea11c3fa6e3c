// Reading of scalars: what was expected, what was found, and how it should be written.
#include "common/config/types.h"

#include <charconv>

#include "common/base/time.h"
#include "common/config/suggest.h"

namespace adit::yaml {
namespace {

std::string found(const Node& node) {
    return node.kind == Node::Kind::scalar ? "\"" + node.shown() + "\"" : std::string(describe(node.kind));
}

void refuse(const Node& node, const std::string& expected, const std::string& why, Diagnostics& diagnostics) {
    diagnostics.error(node.place, "expected " + expected + ", found " + found(node) + (why.empty() ? "" : ": " + why));
}

/// " from 1s to 5m", the words for a range.
std::string range(const std::string& minimum, const std::string& maximum) {
    return " from " + minimum + " to " + maximum;
}

/// The shortest exact form: "64KiB", "10MiB", "1000".
std::string format_size(std::uint64_t bytes) {
    constexpr std::pair<std::uint64_t, std::string_view> units[] = {
        {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}};
    for (const auto& [factor, unit] : units)
        if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + std::string(unit);
    return std::to_string(bytes);
}

}  // namespace

bool expect_kind(const Node& node, Node::Kind kind, const std::string& what, Diagnostics& diagnostics) {
    if (node.failed) return false;
    if (node.kind == kind) return true;
    // A value that stands in the place of something else may be any of those that were meant to be in that.
    diagnostics.error(node.place, "expected " + what + ", found " + std::string(describe(node.kind)));
    return false;
}

bool expect_scalar(const Node& node, const std::string& what, Diagnostics& diagnostics) {
    return expect_kind(node, Node::Kind::scalar, what, diagnostics);
}

bool Boolean::read(const Node& node, bool& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "true or false", diagnostics)) return false;
    if (node.text != "true" && node.text != "false") {
        refuse(node, "true or false", "", diagnostics);
        return false;
    }
    value = node.text == "true";
    return true;
}

bool Number::read(const Node& node, std::int64_t& value, Diagnostics& diagnostics) const {
    const auto what = "a number" + range(std::to_string(minimum_), std::to_string(maximum_));
    if (!expect_scalar(node, what, diagnostics)) return false;
    std::int64_t number = 0;
    const auto end = node.text.data() + node.text.size();
    const auto [rest, error] = std::from_chars(node.text.data(), end, number);
    if (error != std::errc() || rest != end || number < minimum_ || number > maximum_) {
        refuse(node, what, "", diagnostics);
        return false;
    }
    value = number;
    return true;
}

Schema Number::schema() const {
    return {.kind = Schema::Kind::integer, .name = "a number", .minimum = minimum_, .maximum = maximum_};
}

bool Fraction::read(const Node& node, double& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "a number from 0 to 1", diagnostics)) return false;
    const auto end = node.text.data() + node.text.size();
    const auto [rest, error] = std::from_chars(node.text.data(), end, value, std::chars_format::fixed);
    if (error == std::errc() && rest == end && value >= 0 && value <= 1) return true;
    refuse(node, "a number from 0 to 1", "", diagnostics);
    return false;
}

std::string Fraction::show(double value) const {
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    return {digits, end};
}

bool Duration::read(const Node& node, std::chrono::milliseconds& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "a duration", diagnostics)) return false;
    const auto duration = parse_duration(node.text);
    if (!duration) {
        refuse(node, "a duration", "write a number with ms, s, m, h or d, as in 500ms, 5s, 24h", diagnostics);
        return false;
    }
    if (*duration < minimum_ || *duration > maximum_) {
        refuse(node, "a duration" + range(format_duration(minimum_), format_duration(maximum_)), "", diagnostics);
        return false;
    }
    value = *duration;
    return true;
}

Schema Duration::schema() const {
    return {
        .kind = Schema::Kind::duration, .name = "a duration", .minimum = minimum_.count(), .maximum = maximum_.count()};
}

std::string Duration::show(std::chrono::milliseconds value) const {
    return format_duration(value);
}

bool Size::read(const Node& node, std::uint64_t& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "a size", diagnostics)) return false;
    const auto size = parse_size(node.text);
    if (!size) {
        refuse(node, "a size", "write a number of bytes or one with KiB, MiB or GiB, as in 64KiB", diagnostics);
        return false;
    }
    if (*size < minimum_ || *size > maximum_) {
        refuse(node, "a size" + range(format_size(minimum_), format_size(maximum_)), "", diagnostics);
        return false;
    }
    value = *size;
    return true;
}

Schema Size::schema() const {
    return {.kind = Schema::Kind::size,
            .name = "a size",
            .minimum = static_cast<std::int64_t>(minimum_),
            .maximum = static_cast<std::int64_t>(maximum_)};
}

std::string Size::show(std::uint64_t value) const {
    return format_size(value);
}

bool Text::read(const Node& node, std::string& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "text", diagnostics)) return false;
    if (node.text.empty()) {
        diagnostics.error(node.place, "expected text, found an empty value");
        return false;
    }
    value = node.text;
    return true;
}

bool read_host_and_port(const Node& node, ZeroPort zero_port, HostAndPort& value, Diagnostics& diagnostics) {
    if (!expect_scalar(node, "host:port", diagnostics)) return false;
    auto address = parse_host_and_port(node.text, zero_port);
    if (!address) {
        refuse(node, "host:port", address.error().message, diagnostics);
        return false;
    }
    value = *std::move(address);
    return true;
}

bool Path::read(const Node& node, std::filesystem::path& value, Diagnostics& diagnostics) const {
    if (!expect_scalar(node, "a path", diagnostics)) return false;
    if (node.text.empty() || node.text.contains('\0')) {
        diagnostics.error(node.place, "expected a path, found an empty value");
        return false;
    }
    value = (node.place.source->directory() / node.text).lexically_normal();
    return true;
}

bool read_choice(const Node& node, const std::vector<std::string>& words, std::size_t& index,
                 Diagnostics& diagnostics) {
    const auto what = "one of " + listing(words);
    if (!expect_scalar(node, what, diagnostics)) return false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] != node.text) continue;
        index = i;
        return true;
    }
    diagnostics.error(node.place, "expected " + what + ", found " + found(node) + did_you_mean(node.text, words));
    return false;
}

}  // namespace adit::yaml
