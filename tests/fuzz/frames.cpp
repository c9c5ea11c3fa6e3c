// Frames by their bytes; see frames.h.
#include "tests/fuzz/frames.h"

#include <array>

#include "tests/fuzz/header_block.h"

namespace adit::fuzz {
namespace {

enum Type : std::uint8_t {
    kData,
    kHeaders,
    kPriority,
    kReset,
    kSettings,
    kPushPromise,
    kPing,
    kGoaway,
    kWindow,
    kContinuation
};
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;

std::string big_endian(std::uint32_t value, int size) {
    std::string out;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift);
    }
    return out;
}

}  // namespace

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
    std::string out = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    out += big_endian(stream, 4);
    return out.append(payload);
}

std::string Frames::greeting() const {
    return (opens() ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "") + frame(kSettings, 0, 0, {});
}

/// Mostly one of the first that are opened; else the next one, one that cannot be, or any at all.
std::uint32_t Frames::some_stream(Input& input) {
    const std::uint32_t number = input.byte();
    if (number < 0xe0) {
        return number % 4 * 2 + 1;
    }
    return number < 0xf0 ? number % 16 : number == 0xff ? input.number(4) : next_stream_;
}

/// A head in HEADERS, and in CONTINUATION what does not stay together; sometimes without its end.
std::string Frames::head(Input& input, bool on_new_stream) {
    std::uint32_t stream = some_stream(input);
    if (on_new_stream && opens()) {
        stream = next_stream_;
        next_stream_ += 2;
    }
    const std::uint8_t shape = input.byte();
    std::uint8_t flags = (shape & 1) != 0 ? kEndStream : 0;
    std::string block = header_block(input, speaker_, on_new_stream);
    if ((shape & 0x0e) == 0x0e) {  // in two parts
        const std::size_t first = block.size() / 2;
        return frame(kHeaders, flags, stream, block.substr(0, first)) +
               frame(kContinuation, (shape & 0x10) != 0 ? 0 : kEndHeaders, stream, block.substr(first));
    }
    if ((shape & 0x60) == 0x60) {  // with padding, which may be longer than the frame
        const std::uint8_t padding = input.byte();
        flags |= kPadded;
        block.insert(0, 1, static_cast<char>(padding));
        block.append((shape & 0x80) != 0 ? padding : 0, '\0');
    }
    return frame(kHeaders, flags | kEndHeaders, stream, block);
}

std::string Frames::data(Input& input) {
    const std::uint32_t stream = some_stream(input);
    const std::uint8_t shape = input.byte();
    std::uint8_t flags = (shape & 1) != 0 ? kEndStream : 0;
    std::string payload;
    if ((shape & 2) != 0) {
        payload.assign(input.number(2) % 16385, 'd');  // as much as a frame may hold, and one more
    } else {
        payload = input.text();
    }
    if ((shape & 4) != 0) {
        flags |= kPadded;
        payload.insert(0, 1, static_cast<char>(input.byte()));
    }
    return frame(kData, flags, stream, payload);
}

std::string Frames::settings(Input& input) {
    std::string payload;
    for (std::size_t entries = input.below(5); entries > 0; --entries) {
        payload += big_endian(static_cast<std::uint32_t>(input.below(10)), 2);
        static constexpr std::array<std::uint32_t, 8> kValues{0,     1,        100,        16384,
                                                              65535, 16777215, 0x7fffffff, 0xffffffff};
        const std::uint8_t value = input.byte();
        payload += big_endian(value < kValues.size() ? kValues[value] : input.number(4), 4);
    }
    const std::uint8_t shape = input.byte();
    return frame(kSettings, (shape & 7) == 7 ? 1 : 0, (shape & 0x38) == 0x38 ? 1 : 0,
                 (shape & 0xc0) == 0xc0 ? std::string_view(payload).substr(0, payload.size() / 2) : payload);
}

std::string Frames::next(Input& input) {
    switch (input.below(16)) {
        case 0:
        case 1:
        case 2:
            return head(input, true);
        case 3:
        case 4:
            return head(input, false);
        case 5:
        case 6:
            return data(input);
        case 7:
            return settings(input);
        case 8:
            return frame(kReset, 0, some_stream(input), big_endian(input.byte(), 4));
        case 9: {
            static constexpr std::array<std::uint32_t, 6> kSteps{0, 1, 100, 65535, 0x7fffffff, 0xffffffff};
            const std::uint32_t stream = some_stream(input);
            return frame(kWindow, 0, stream, big_endian(input.choice(kSteps), 4));
        }
        case 10:
            return frame(kPing, input.flag() ? 1 : 0, 0, "12345678");
        case 11:
            return frame(kGoaway, 0, 0,
                         big_endian(some_stream(input), 4) + big_endian(input.byte(), 4) + std::string(input.text()));
        case 12: {
            const std::uint32_t stream = some_stream(input);
            return frame(kContinuation, input.byte(), stream, input.text());
        }
        case 13: {  // of any type, known or not, of any length
            const std::uint8_t type = input.byte();
            const std::uint8_t flags = input.byte();
            const std::uint32_t stream = some_stream(input);
            return frame(type, flags, stream, input.text());
        }
        case 14: {  // one frame over and over, as who floods sends it
            const std::size_t times = input.byte();
            const std::string once = next(input);
            std::string out;
            for (std::size_t i = 0; i <= times && out.size() < 65536; ++i) {
                out += once;
            }
            return out;
        }
        default:
            return std::string(input.text());
    }
}

}  // namespace adit::fuzz
