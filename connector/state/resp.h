// What Redis says, and how it is told: RESP2, its replies as values. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

struct redisReader;

namespace adit::state {

struct Reply {
    enum class Kind : std::uint8_t { nil, integer, text, error, array };
    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text = {};  ///< of text and error
    std::vector<Reply> items = {};

    bool is_error() const { return kind == Kind::error; }
    /// The first word of an error, which is all that programs should look at: "NOSCRIPT", "READONLY".
    std::string_view code() const;
    /// The integer at `index` of an array; nothing where there is no array, no such item, or another kind of item.
    std::optional<std::int64_t> number(std::size_t index) const;
};

/// Takes bytes as they come and gives whole replies. A reply is bounded: what is larger is not one to our commands.
class ReplyReader {
  public:
    static constexpr std::size_t kReplyMost = 1 << 20;

    ReplyReader();
    ~ReplyReader();

    void feed(std::string_view bytes);
    /// Nothing while none is whole. An error is final: what comes is not RESP, or too much of it.
    Result<std::optional<Reply>> next();

  private:
    struct Free {
        void operator()(redisReader* reader) const;
    };
    std::unique_ptr<redisReader, Free> reader_;
    std::size_t pending_ = 0;  ///< bytes fed since the last whole reply
};

/// A command is its number of words, then each word (an array of bulk strings).
void begin_command(std::string& out, std::size_t words);
void append_word(std::string& out, std::string_view word);

}  // namespace adit::state
