// Patterns are checked against what a normalised path can be, so that no route is written that could never match.
#include "connector/config/pattern.h"

#include <algorithm>
#include <cctype>

#include "common/config/host.h"
#include "connector/config/defaults.h"

namespace adit::config {
namespace {

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/// RFC 3986 §3.3: pchar, without percent.
bool is_literal(char c) {
    constexpr std::string_view marks = "-._~!$&'()+,;=:@";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || marks.contains(c);
}

/// What is wrong with a literal segment; empty when nothing is.
std::string_view fault_of_segment(std::string_view segment) {
    if (segment == "." || segment == "..") return "dot segments are resolved before matching, so none can match";
    for (std::size_t i = 0; i < segment.size(); ++i) {
        if (segment[i] == '*') return "'*' stands for a whole segment, and '**' for the rest";
        if (segment[i] != '%') {
            if (!is_literal(segment[i])) return "it has a character that cannot stand in a path unescaped";
            continue;
        }
        if (i + 2 >= segment.size() || !is_hex(segment[i + 1]) || !is_hex(segment[i + 2]))
            return "'%' must be followed by two digits or letters A to F";
        const auto code = segment.substr(i + 1, 2);
        if (code == "2F" || code == "5C" || code == "00")
            return "paths with %2F, %5C or %00 are refused, so none can match";
        const char c = static_cast<char>(std::stoi(std::string(code), nullptr, 16));
        const bool unreserved = std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").contains(c);
        if (unreserved) return "letters, digits and - . _ ~ are matched unescaped; write them so";
        i += 2;
    }
    return {};
}

/// The name in "{name}" or "{name**}"; empty for any other segment.
std::string_view capture_of(std::string_view segment) {
    if (!segment.starts_with('{') || !segment.ends_with('}')) return {};
    segment = segment.substr(1, segment.size() - 2);
    if (segment.ends_with("**")) segment.remove_suffix(2);
    return segment;
}

bool is_capture_name(std::string_view name) {
    return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// What is wrong with a segment in braces; empty when nothing is.
std::string_view fault_of_capture(std::string_view segment, bool last, const std::vector<std::string_view>& before) {
    const auto name = capture_of(segment);
    if (!is_capture_name(name)) return "a name in braces is 1 to 32 letters, digits and '_'";
    if (name == "host" || name == "path") return "{host} and {path} stand for those of the request; take another name";
    if (std::ranges::find(before, name) != before.end()) return "a name stands twice in this path";
    if (segment.ends_with("**}") && !last) return "a name with '**' can only be the last segment";
    return {};
}

}  // namespace

Result<std::string> parse_host_pattern(std::string_view text) {
    constexpr std::string_view wildcard = "*.";
    const bool is_wildcard = text.starts_with(wildcard);
    const auto name = is_wildcard ? text.substr(wildcard.size()) : text;
    if (name.contains('*')) return usage_error("'*' can only stand for the first labels, as in *.example.com");
    if (name.contains(':') && !name.starts_with('['))
        return usage_error("ports are ignored when hosts are compared; leave it out");
    auto host = yaml::parse_host(name);
    if (!host) return std::unexpected(host.error());
    if (is_wildcard && name.starts_with('[')) return usage_error("an address has no labels before it");
    if (host->ends_with('.')) host->pop_back();
    std::ranges::transform(*host, host->begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return is_wildcard ? std::string(wildcard) + *host : *host;
}

Result<std::string> parse_path_pattern(std::string_view text) {
    if (!text.starts_with('/')) return usage_error("a path begins with '/'");
    std::size_t segments = 0;
    std::vector<std::string_view> names;
    for (auto rest = text.substr(1);;) {
        const auto slash = rest.find('/');
        const auto segment = rest.substr(0, slash);
        const bool last = slash == std::string_view::npos;
        if (++segments > bounds::path_segments)
            return usage_error("it has more than " + std::to_string(bounds::path_segments) + " segments");
        if (segment == "**" && !last) return usage_error("'**' can only be the last segment");
        if (segment.starts_with('{')) {
            if (const auto fault = fault_of_capture(segment, last, names); !fault.empty())
                return usage_error(std::string(fault));
            names.push_back(capture_of(segment));
        } else if (segment != "*" && segment != "**")
            if (const auto fault = fault_of_segment(segment); !fault.empty()) return usage_error(std::string(fault));
        if (last) return std::string(text);
        rest.remove_prefix(slash + 1);
    }
}

std::string bare_pattern(std::string_view pattern) {
    std::string bare;
    for (auto rest = pattern.substr(1);;) {
        const auto slash = rest.find('/');
        const auto segment = rest.substr(0, slash);
        const bool named = segment.starts_with('{');
        bare += '/';
        bare += !named ? segment : segment.ends_with("**}") ? "**" : "*";
        if (slash == std::string_view::npos) return bare;
        rest.remove_prefix(slash + 1);
    }
}

std::vector<std::string> capture_names(std::string_view pattern) {
    std::vector<std::string> names;
    for (auto rest = pattern.substr(1);;) {
        const auto slash = rest.find('/');
        names.emplace_back(capture_of(rest.substr(0, slash)));
        if (slash == std::string_view::npos) return names;
        rest.remove_prefix(slash + 1);
    }
}

Result<std::vector<std::string>> template_names(std::string_view text) {
    std::vector<std::string> names;
    for (std::size_t at = 0; (at = text.find_first_of("{}", at)) != std::string_view::npos;) {
        const auto close = text.find('}', at);
        if (text[at] == '}' || close == std::string_view::npos) return usage_error("a brace without its partner");
        const auto name = text.substr(at + 1, close - at - 1);
        if (!is_capture_name(name)) return usage_error("a name in braces is 1 to 32 letters, digits and '_'");
        names.emplace_back(name);
        at = close + 1;
    }
    return names;
}

}  // namespace adit::config
