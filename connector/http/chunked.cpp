// The chunk decoder; see chunked.h.
#include "connector/http/chunked.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "connector/http/fields.h"

namespace adit::http {
namespace {

std::unexpected<ParseError> refuse_chunk(const char* words, int status = 400, problem::Code code = "bad-chunk") {
    return refuse(words, status, code);
}

constexpr std::size_t kNeedMore = 0;

/// Takes what stands before the first of `ends` off the text.
std::string_view take_until(std::string_view& text, std::string_view ends) {
    const std::string_view taken = text.substr(0, text.find_first_of(ends));
    text.remove_prefix(taken.size());
    return taken;
}

/// Whether `what` comes next, blanks aside. Takes it with the blanks around it, or nothing.
bool take(std::string_view& text, char what) {
    const std::size_t at = text.find_first_not_of(" \t");
    if (at == std::string_view::npos || text[at] != what) {
        return false;
    }
    text.remove_prefix(at + 1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return true;
}

/// RFC 9110 §5.6.4; false when it has no end or holds what it may not.
bool take_quoted(std::string_view& text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return true;
        }
        i += text[i] == '\\' ? 1 : 0;
        const auto byte = i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return false;
}

/// chunk-ext of RFC 9112 §7.1.1: *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ). Between the size and
/// the first ";" there is no blank here: nobody sends one, and a size ends where its digits do.
bool are_extensions(std::string_view text) {
    if (!text.empty() && text.front() != ';') {
        return false;
    }
    while (take(text, ';')) {
        if (!is_token(take_until(text, " \t;="))) {
            return false;
        }
        if (take(text, '=') && !(text.starts_with('"') ? take_quoted(text) : is_token(take_until(text, " \t;")))) {
            return false;
        }
    }
    return text.empty();
}

}  // namespace

/// Many small chunks with much around each would make us read what no bound on bodies counts.
bool ChunkDecoder::too_much_framing(std::size_t line) {
    const std::int64_t usual = kUsualPerChunk + static_cast<std::int64_t>(left_);
    excess_ = std::max<std::int64_t>(excess_ + static_cast<std::int64_t>(line) - usual, 0);
    return excess_ > kExcessMost;
}

std::expected<std::size_t, ParseError> ChunkDecoder::parse_size_line(std::string_view input) {
    const std::size_t end = input.substr(0, kLineMost).find('\n');
    if (end == std::string_view::npos) {
        if (input.size() >= kLineMost) {
            return refuse_chunk("a chunk size line that is too long");
        }
        const std::size_t stray = input.find('\r');
        if (stray != std::string_view::npos && stray + 1 < input.size()) {
            return refuse_chunk("a bare CR in a chunk size line");
        }
        return kNeedMore;
    }
    if (end == 0 || input[end - 1] != '\r') {
        return refuse_chunk("a chunk size line that does not end in CRLF");
    }
    const std::string_view line = input.substr(0, end - 1);
    const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
    if (digits == 0 || digits > 15) {
        return refuse_chunk("a chunk size that is not a hexadecimal number");
    }
    if (!are_extensions(line.substr(digits))) {
        return refuse_chunk("something other than an extension after a chunk size");
    }
    std::from_chars(line.data(), line.data() + digits, left_, 16);
    if (too_much_framing(end + 1)) {
        return refuse_chunk("too much around the data of all chunks");
    }
    return end + 1;
}

std::expected<ChunkDecoder::Step, ParseError> ChunkDecoder::step(std::string_view input) {
    Step result;
    for (;;) {
        const std::string_view rest = input.substr(result.skip);
        if (state_ == State::data) {
            if (left_ > 0) {
                result.data = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
                return result;
            }
            state_ = State::data_end;
        }
        if (state_ == State::data_end) {
            if (!rest.empty() && (rest[0] != '\r' || (rest.size() > 1 && rest[1] != '\n'))) {
                return refuse_chunk("a chunk that is longer than its size");
            }
            if (rest.size() < 2) {
                return result;
            }
            result.skip += 2;
            state_ = State::size;
            continue;
        }
        if (state_ == State::size) {
            const auto length = parse_size_line(rest);
            if (!length) {
                return std::unexpected(length.error());
            }
            if (*length == kNeedMore) {
                return result;
            }
            result.skip += *length;
            state_ = left_ == 0 ? State::trailer : State::data;
            continue;
        }
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos ? rest.size() > kTrailersMost : section_.size() + end > kTrailersMost) {
            return refuse_chunk("the trailer section is too large", 431, "head-too-large");
        }
        if (end == std::string_view::npos) {
            return result;
        }
        if (end == 0 || rest[end - 1] != '\r') {
            return refuse_chunk("a trailer line that does not end in CRLF");
        }
        result.skip += end + 1;
        if (end == 1) {
            auto trailers = parse_trailers(section_, kTrailerFieldsMost);
            if (!trailers) {
                return std::unexpected(trailers.error());
            }
            trailers_ = std::move(*trailers);
            result.done = true;
            return result;
        }
        section_.append(rest.substr(0, end + 1));
    }
}

void append_chunk_start(std::string& out, std::uint64_t size) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out += "\r\n";
}

}  // namespace adit::http
