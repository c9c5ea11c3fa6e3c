// One scan decides whether there is anything to do; nearly all paths end there.
#include "connector/route/path.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace adit::route {
namespace {

enum class Byte : std::uint8_t { plain, dot, slash, percent, separator, forbidden };

constexpr std::array<Byte, 256> classes = [] {
    std::array<Byte, 256> table{};
    for (std::size_t c = 0; c <= 0x20; ++c) table[c] = Byte::forbidden;
    table[0x7F] = table['?'] = table['#'] = Byte::forbidden;
    table['\\'] = Byte::separator;
    table['%'] = Byte::percent;
    table['/'] = Byte::slash;
    table['.'] = Byte::dot;
    return table;
}();

Byte class_of(char c) {
    return classes[static_cast<unsigned char>(c)];
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/// RFC 3986 §2.3.
bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

/// What a scan of the raw bytes tells.
struct Scan {
    std::optional<PathError> error;
    bool needs_work = false;  ///< an escape, or a segment that begins with a dot
};

Scan scan(std::string_view raw) {
    Scan result;
    char previous = '\0';
    for (const char c : raw) {
        switch (class_of(c)) {
            case Byte::plain:
            case Byte::slash:
                break;
            case Byte::dot:
                result.needs_work |= previous == '/';
                break;
            case Byte::percent:
                result.needs_work = true;
                break;
            case Byte::separator:
                result.error = PathError::encoded_separator;
                return result;
            case Byte::forbidden:
                result.error = PathError::forbidden_byte;
                return result;
        }
        previous = c;
    }
    return result;
}

/// Appends the escape at the front of `rest` in its normal form.
std::optional<PathError> append_escape(std::string& out, std::string_view rest) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const int high = rest.size() > 2 ? hex_value(rest[1]) : -1;
    const int low = rest.size() > 2 ? hex_value(rest[2]) : -1;
    if (high < 0 || low < 0) return PathError::bad_escape;
    const char decoded = static_cast<char>(high * 16 + low);
    if (decoded == '\0') return PathError::forbidden_byte;
    if (decoded == '/' || decoded == '\\') return PathError::encoded_separator;
    if (is_unreserved(decoded)) {
        out += decoded;
    } else {
        out += '%';
        out += digits[static_cast<std::size_t>(high)];
        out += digits[static_cast<std::size_t>(low)];
    }
    return std::nullopt;
}

std::optional<PathError> decode(std::string_view raw, std::string& out) {
    out.clear();
    out.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '%') {
            out += raw[i];
            continue;
        }
        if (const auto error = append_escape(out, raw.substr(i))) return error;
        i += 2;
    }
    return std::nullopt;
}

/// RFC 3986 §5.2.4 within one buffer: the result never outgrows what was read, so writing stays behind reading.
std::optional<PathError> resolve_dot_segments(std::string& path) {
    std::size_t written = 0;
    for (std::size_t read = 0; read < path.size();) {
        const auto end = std::min(path.find('/', read + 1), path.size());
        const auto segment = std::string_view(path).substr(read + 1, end - read - 1);
        const bool last = end == path.size();
        if (segment.starts_with(".;") || segment.starts_with("..;")) return PathError::dot_parameter;
        if (segment == "..") {
            if (written == 0) return PathError::above_root;
            written = path.rfind('/', written - 1);
            if (last) path[written++] = '/';
        } else if (segment == ".") {
            if (last) path[written++] = '/';
        } else {
            // The slash and the segment move together; the source is at or after the target.
            for (auto i = read; i < end; ++i) path[written++] = path[i];
        }
        read = end;
    }
    path.resize(written);
    return std::nullopt;
}

}  // namespace

std::string_view describe(PathError error) {
    switch (error) {
        case PathError::not_absolute:
            return "the path does not begin with '/'";
        case PathError::bad_escape:
            return "the path has a '%' without two hexadecimal digits";
        case PathError::encoded_separator:
            return "the path has an encoded slash or a backslash";
        case PathError::forbidden_byte:
            return "the path has a character that may not stand in it";
        case PathError::above_root:
            return "the path leaves its root with '..'";
        case PathError::dot_parameter:
            return "the path has a dot segment with a parameter";
    }
    return "the path is not valid";
}

std::expected<std::string_view, PathError> normalise_path(std::string_view raw, std::string& scratch) {
    if (!raw.starts_with('/')) return std::unexpected(PathError::not_absolute);
    const auto [error, needs_work] = scan(raw);
    if (error) return std::unexpected(*error);
    if (!needs_work) return raw;
    if (const auto fault = decode(raw, scratch)) return std::unexpected(*fault);
    if (const auto fault = resolve_dot_segments(scratch)) return std::unexpected(*fault);
    return scratch;
}

}  // namespace adit::route
