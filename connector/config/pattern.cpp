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
    for (auto rest = text.substr(1);;) {
        const auto slash = rest.find('/');
        const auto segment = rest.substr(0, slash);
        const bool last = slash == std::string_view::npos;
        if (++segments > bounds::path_segments)
            return usage_error("it has more than " + std::to_string(bounds::path_segments) + " segments");
        if (segment == "**" && !last) return usage_error("'**' can only be the last segment");
        if (segment != "*" && segment != "**")
            if (const auto fault = fault_of_segment(segment); !fault.empty()) return usage_error(std::string(fault));
        if (last) return std::string(text);
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace adit::config
