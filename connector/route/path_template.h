// Text with names in braces, filled in with parts of the path that a route has matched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace adit::route {

/// Compiled once per route, then only read. Pattern and text are valid (config/pattern.h).
class PathTemplate {
  public:
    PathTemplate(std::string_view pattern, std::string_view text);

    /// The text for a normalised path that the pattern matches. What is filled in is what stood in the path, so it can
    /// hold nothing that a path cannot; what begins as a path stays one: its first slash is alone, since "//" would
    /// begin the name of a host (RFC 3986 §4.2).
    std::string expand(std::string_view host, std::string_view path) const;

  private:
    enum class Kind { text, segment, rest, host, path };
    struct Part {
        Kind kind = Kind::text;
        std::string text;       ///< Kind::text
        std::size_t index = 0;  ///< of the segment in the path, from 0
    };
    std::vector<Part> parts_;
};

}  // namespace adit::route
