// Builds nodes from parse events: duplicate keys, merge keys, and aliases whose expansion is bounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace adit::yaml {

/// Takes the events of one file in order. After a structural error it ignores the rest and finish() gives nothing.
class Builder {
  public:
    /// Anchors are numbered by the parser; 0 is none.
    using Anchor = std::size_t;

    explicit Builder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    void document(Place place);
    void nothing(Place place, Anchor anchor);
    void scalar(Place place, const std::string& tag, Anchor anchor, const std::string& value);
    void alias(Place place, Anchor anchor);
    void open(Node::Kind kind, Place place, const std::string& tag, Anchor anchor);
    void close();

    /// The last scalar that was in quotes or a block, if any.
    const std::optional<Place>& last_quoted() const { return last_quoted_; }

    /// The document; kind `nothing` without a place when the file holds none.
    std::optional<Node> finish() &&;

  private:
    /// A finished value with its extent, which an alias adds once more.
    struct Finished {
        Node node;
        std::size_t nodes = 1;
        std::size_t depth = 0;
    };

    /// A list or map that is still open.
    struct Frame {
        Finished value;
        Anchor anchor = 0;
        std::optional<Member> key;  ///< map: the key that waits for its value
        bool merge_key = false;     ///< that key is `<<`
        std::unordered_map<std::string, Place> keys;
        std::vector<Node> merged;  ///< maps named by `<<`
    };

    void stop(Place place, std::string message);
    /// A value that was just parsed: counts it, keeps it when it has an anchor, and attaches it.
    void add(Finished value, Anchor anchor);
    void attach(Finished value);
    void attach_to_map(Frame& frame, Finished value);
    void take_key(Frame& frame, Node node, bool plain);
    void merge(Frame& frame, Node node);
    bool awaits_key() const;
    bool accepts_tag(const std::string& tag, const Place& place);

    Diagnostics& diagnostics_;
    std::vector<Frame> open_;
    std::unordered_map<Anchor, Finished> anchors_;
    std::optional<Finished> root_;
    std::optional<Place> last_quoted_;
    std::size_t documents_ = 0;
    std::size_t nodes_ = 0;
    bool stopped_ = false;
};

}  // namespace adit::yaml
