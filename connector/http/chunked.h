// The chunked transfer coding (RFC 9112 §7.1), pure: told what bytes there are, says which of them are data.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "connector/http/parse.h"

namespace adit::http {

/// Decodes one body. Feed it the bytes at the front of the input; it says how many to skip and how many after those are
/// data. Strict: hexadecimal sizes only, CRLF only, extensions by their grammar and bounded, alone and all together,
/// bounded trailers.
class ChunkDecoder {
  public:
    struct Step {
        std::size_t skip = 0;  ///< framing bytes at the front, to be consumed first
        std::size_t data = 0;  ///< data bytes behind them, to be consumed as they are used, then told by took()
        bool done = false;     ///< the body and its trailer section have ended
    };

    /// With data == 0 and !done more input is needed (after consuming `skip`).
    std::expected<Step, ParseError> step(std::string_view input);
    /// `n` of the data bytes were consumed.
    void took(std::size_t n) { left_ -= n; }
    /// The fields of the trailer section that may be passed on. Complete once done; views into this decoder.
    const Trailers& trailers() const { return trailers_; }

  private:
    enum class State { size, data, data_end, trailer };
    static constexpr std::size_t kLineMost = 256;  ///< a size line with its extensions
    // Framing that all chunks together may have beyond what is usual: 16 bytes a chunk, and as many as it has data.
    static constexpr std::int64_t kExcessMost = 16 * 1024;
    static constexpr std::int64_t kUsualPerChunk = 16;
    static constexpr std::size_t kTrailersMost = 8192;
    static constexpr std::size_t kTrailerFieldsMost = 64;

    std::expected<std::size_t, ParseError> parse_size_line(std::string_view input);
    bool too_much_framing(std::size_t line);

    State state_ = State::size;
    std::uint64_t left_ = 0;
    std::int64_t excess_ = 0;
    std::string section_;  ///< the trailer section as it comes
    Trailers trailers_;
};

/// Writes "1f4\r\n".
void append_chunk_start(std::string& out, std::uint64_t size);

}  // namespace adit::http
