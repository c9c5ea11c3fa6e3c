// The chunk decoder; see chunked.h.
#include "connector/http/chunked.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace adit::http {
namespace {

std::unexpected<ParseError> refuse(const char* words, int status = 400, problem::Code code = "bad-chunk") {
    return std::unexpected(ParseError{status, code, words});
}

constexpr std::size_t kNeedMore = 0;

}  // namespace

std::expected<std::size_t, ParseError> ChunkDecoder::parse_size_line(std::string_view input) {
    const std::size_t end = input.substr(0, kLineMost).find('\n');
    if (end == std::string_view::npos) {
        if (input.size() >= kLineMost) {
            return refuse("a chunk size line that is too long");
        }
        const std::size_t stray = input.find('\r');
        if (stray != std::string_view::npos && stray + 1 < input.size()) {
            return refuse("a bare CR in a chunk size line");
        }
        return kNeedMore;
    }
    if (end == 0 || input[end - 1] != '\r') {
        return refuse("a chunk size line that does not end in CRLF");
    }
    const std::string_view line = input.substr(0, end - 1);
    const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
    if (digits == 0 || digits > 15) {
        return refuse("a chunk size that is not a hexadecimal number");
    }
    const std::string_view extension = line.substr(digits);
    const bool extension_good =
        extension.empty() ||
        (extension.front() == ';' && std::ranges::all_of(extension, [](char c) {
             return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f);
         }));
    if (!extension_good) {
        return refuse("something other than an extension after a chunk size");
    }
    std::from_chars(line.data(), line.data() + digits, left_, 16);
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
                return refuse("a chunk that is longer than its size");
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
            return refuse("the trailer section is too large", 431, "head-too-large");
        }
        if (end == std::string_view::npos) {
            return result;
        }
        if (end == 0 || rest[end - 1] != '\r') {
            return refuse("a trailer line that does not end in CRLF");
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
