// Just enough XML to read the answers of AWS's query APIs: elements and the text in them.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace adit::credential {

/// The text of each element that has no elements in it, by its path: "ErrorResponse/Error/Code". Attributes, comments
/// and processing instructions are passed over. Nothing where the document is not well-formed, declares a type or
/// entities, nests deeper than kXmlDepth, or has two such elements of one path.
using XmlLeaves = std::map<std::string, std::string, std::less<>>;
std::optional<XmlLeaves> parse_xml_leaves(std::string_view document);

inline constexpr std::size_t kXmlDepth = 16;

}  // namespace adit::credential
