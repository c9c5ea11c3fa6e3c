// Frames of HTTP/2 (RFC 9113 §4) as a fuzzer chooses them: mostly ones that could be, each in any place, some that are
// none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/input.h"

namespace adit::fuzz {

/// Who speaks: that decides which heads make sense and whose numbers streams have.
enum class Speaker { client, server, agent, connector };

/// Says one frame after the other. Keeps what a peer would keep: the number of its next stream.
class Frames {
  public:
    explicit Frames(Speaker speaker) : speaker_(speaker) {}

    /// What comes before all frames: the preface, of who opens streams, and empty SETTINGS.
    std::string greeting() const;
    /// That, or bytes without a plan: all that there are.
    std::string begin(Input& input, bool planned) const { return planned ? greeting() : std::string(input.rest()); }
    /// One frame, or some bytes that are none.
    std::string next(Input& input);

  private:
    std::string head(Input& input, bool on_new_stream);
    std::string data(Input& input);
    std::string settings(Input& input);
    std::uint32_t some_stream(Input& input);
    bool opens() const { return speaker_ == Speaker::client || speaker_ == Speaker::connector; }

    Speaker speaker_;
    std::uint32_t next_stream_ = 1;
};

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);

}  // namespace adit::fuzz
