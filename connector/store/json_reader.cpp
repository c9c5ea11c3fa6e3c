// Strict JSON; see json_reader.h.
#include "connector/store/json_reader.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit {
namespace json = boost::json;
namespace {

/// Line and column of an offset, from 1.
std::pair<std::size_t, std::size_t> position(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const std::size_t last = before.rfind('\n');
    return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
            last == std::string_view::npos ? at + 1 : at - last};
}

}  // namespace

std::unexpected<Error> JsonReader::wrong(std::string_view where, std::string_view what) const {
    return usage_error(place_ + ": " + std::string(where) + (where.empty() ? "" : ": ") + std::string(what));
}

Result<json::object> JsonReader::document(std::string_view text) const {
    json::stream_parser parser;
    boost::system::error_code error;
    const std::size_t read = parser.write_some(text.data(), text.size(), error);
    if (!error) {
        parser.finish(error);
    }
    if (error) {
        const auto [line, column] = position(text, std::min(read, text.size()));
        return usage_error(place_ + ":" + std::to_string(line) + ":" + std::to_string(column) +
                           ": this is not JSON: " + error.message());
    }
    json::value value = parser.release();
    if (!value.is_object()) {
        return wrong("", "a JSON object was expected");
    }
    return std::move(value.get_object());
}

Result<> JsonReader::only(const json::object& object, std::string_view where,
                          std::span<const std::string> names) const {
    for (const auto& member : object) {
        const std::string name(member.key());
        if (std::ranges::find(names, name) == names.end()) {
            const auto meant = closest_match(name, names);
            return wrong(where, "unknown member '" + name + "'" + (meant ? "; did you mean '" + *meant + "'?" : ""));
        }
    }
    return {};
}

Result<std::string> JsonReader::text(const json::object& object, std::string_view where, std::string_view name) const {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().empty()) {
        return wrong(where, "member '" + std::string(name) + "' must be a text that is not empty");
    }
    return std::string(value->get_string());
}

Result<json::array> JsonReader::list(const json::object& object, std::string_view where, std::string_view name,
                                     std::size_t most) const {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) {
        return json::array();
    }
    if (!value->is_array()) {
        return wrong(where, "member '" + std::string(name) + "' must be a list");
    }
    if (value->get_array().size() > most) {
        return wrong(where, "member '" + std::string(name) + "' has more than " + std::to_string(most) + " entries");
    }
    return value->get_array();
}

Result<WallTime> JsonReader::time(const json::object& object, std::string_view where, std::string_view name) const {
    const auto written = text(object, where, name);
    if (!written) {
        return std::unexpected(written.error());
    }
    const auto parsed = parse_time(*written);
    return parsed ? parsed : wrong(where, parsed.error().message);
}

Result<> JsonReader::version(const json::object& object) const {
    const json::value* value = object.if_contains("version");
    if (value == nullptr || !value->is_int64() || value->get_int64() != 1) {
        return wrong("", "member 'version' must be 1");
    }
    return {};
}

}  // namespace adit
