// What a table says about a type, as data: enough to parse, to explain an error and to generate a JSON Schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace adit::yaml {

/// The description of one type of value, and of its place in an object when it is a field of one.
struct Schema {
    enum class Kind { boolean, integer, number, duration, size, text, address, path, choice, list, named, object };

    Kind kind = Kind::text;
    std::string name{};                     ///< in an error: "a duration", "a backend"
    std::string doc{};                      ///< a sentence that says what it is for
    std::optional<std::int64_t> minimum{};  ///< integer; duration in milliseconds; size in bytes
    std::optional<std::int64_t> maximum{};  ///< these, and the number of values of a list or map
    std::vector<std::string> choices{};     ///< choice: the words
    std::vector<Schema> items{};            ///< list, named: the one type of its values
    std::vector<Schema> fields{};           ///< object

    std::string key{};            ///< field
    bool required = false;        ///< field
    bool optional = false;        ///< field: without it there is no such thing, not one of defaults
    std::string default_value{};  ///< field: as one would write it; empty when there is none
    bool secret = false;          ///< values are not shown
    bool secret_by_name = false;  ///< named: values of names that speak of credentials are not shown
    bool or_text = false;         ///< object: may be written as one text instead
};

}  // namespace adit::yaml
