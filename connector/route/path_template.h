// Text with names in braces, filled in with parts of the path that a route has matched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::route {

/// Where a name of a pattern stands in the paths that it matches.
class Capture {
  public:
    /// Nothing when the pattern, a valid one, has no such name.
    static std::optional<Capture> find(std::string_view pattern, std::string_view name);
    /// What the name stands for in a normalised path that the pattern matches; part of `path`.
    std::string_view in(std::string_view path) const;

  private:
    Capture(std::size_t index, bool rest) : index_(index), rest_(rest) {}
    std::size_t index_;  ///< of the segment in the path, from 0
    bool rest_;          ///< that segment and all after it
};

/// Compiled once per route, then only read. Pattern and text are valid (config/pattern.h).
class PathTemplate {
  public:
    PathTemplate(std::string_view pattern, std::string_view text);

    /// The text for a normalised path that the pattern matches. What is filled in is what stood in the path, so it can
    /// hold nothing that a path cannot; what begins as a path stays one: its first slash is alone, since "//" would
    /// begin the name of a host (RFC 3986 §4.2).
    std::string expand(std::string_view host, std::string_view path) const;

  private:
    enum class Kind { text, capture, host, path };
    struct Part {
        Kind kind = Kind::text;
        std::string text;                ///< Kind::text
        std::optional<Capture> capture;  ///< Kind::capture
    };
    std::vector<Part> parts_;
};

}  // namespace adit::route
