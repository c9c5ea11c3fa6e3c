// Parameters of a query (the form of HTML forms, as query strings use it). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace adit::http {

/// The value of the first parameter of this name, with its escapes resolved; `query` with or without its '?'.
std::optional<std::string> parameter(std::string_view query, std::string_view name);

/// The query without the parameters of these names, however they are escaped; the others stand as they were. Empty when
/// none is left.
std::string without_parameters(std::string_view query, std::span<const std::string_view> names);

}  // namespace adit::http
