// Parsing with Boost.JSON's events, which tell of members that its values no longer show; see json_strict.h.
#include "common/jose/json_strict.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cstdint>

namespace json = boost::json;

namespace adit::jose {
namespace {

/// Builds the value, and counts the members that the text has.
struct Handler {
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    json::value_stack stack;
    std::size_t members = 0;

    using Error = json::error_code;
    bool on_document_begin(Error&) {
        stack.reset();
        return true;
    }
    bool on_document_end(Error&) { return true; }
    bool on_object_begin(Error&) { return true; }
    bool on_object_end(std::size_t size, Error&) {
        members += size;
        stack.push_object(size);
        return true;
    }
    bool on_array_begin(Error&) { return true; }
    bool on_array_end(std::size_t size, Error&) {
        stack.push_array(size);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, Error&) {
        stack.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, Error&) {
        stack.push_key(part);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, Error&) {
        stack.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, Error&) {
        stack.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view, Error&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, Error&) {
        stack.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, Error&) {
        stack.push_uint64(number);
        return true;
    }
    bool on_double(double number, json::string_view, Error&) {
        stack.push_double(number);
        return true;
    }
    bool on_bool(bool truth, Error&) {
        stack.push_bool(truth);
        return true;
    }
    bool on_null(Error&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, Error&) { return true; }
    bool on_comment(json::string_view, Error&) { return true; }
};

/// The members that a value still has: fewer than its text where names repeat. Depth is bounded by the parser.
std::size_t count_members(const json::value& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count = object->size();
        for (const auto& member : *object) {
            count += count_members(member.value());
        }
    } else if (const auto* array = value.if_array()) {
        for (const json::value& element : *array) {
            count += count_members(element);
        }
    }
    return count;
}

}  // namespace

std::optional<json::object> parse_strict(std::string_view text) {
    json::parse_options options;
    options.max_depth = kDepthMost;
    json::basic_parser<Handler> parser(options);
    json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || !parser.done() || read != text.size()) {
        return std::nullopt;
    }
    json::value value = parser.handler().stack.release();
    if (!value.is_object() || count_members(value) != parser.handler().members) {
        return std::nullopt;
    }
    return std::move(value.get_object());
}

}  // namespace adit::jose
