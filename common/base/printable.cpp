// What terminals are spared; see printable.h.
#include "common/base/printable.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "common/base/utf8.h"

namespace adit {
namespace {

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

constexpr std::array kUnprintable{
    Range{0x00, 0x1f},     Range{0x7f, 0x9f},     Range{0x061c, 0x061c},
    Range{0x200e, 0x200f}, Range{0x2028, 0x202e}, Range{0x2066, 0x2069},
};

/// Gives `pass` the runs that stay as they are, and what stands for everything else. `kept` are controls that stay.
template <class Pass>
void for_terminal(std::string_view text, std::string_view kept, Pass pass) {
    std::size_t run = 0;
    while (run < text.size()) {
        const std::size_t length = utf8_length(text.substr(run));
        const std::uint32_t character = length == 0 ? 0 : code_point(text.substr(run, length));
        if (length > 0 && (!is_unprintable(character) || kept.contains(text[run]))) {
            run += length;
            continue;
        }
        pass(text.substr(0, run));
        std::string instead;
        if (length == 0) {
            instead = "\xEF\xBF\xBD";
        } else {
            append_escape(instead, character);
        }
        pass(instead);
        text.remove_prefix(run + std::max<std::size_t>(length, 1));
        run = 0;
    }
    pass(text);
}

}  // namespace

bool is_unprintable(std::uint32_t character) {
    return std::ranges::any_of(kUnprintable,
                               [=](const Range& range) { return character >= range.first && character <= range.last; });
}

std::uint32_t code_point(std::string_view utf8) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(utf8[i])); };
    if (utf8.size() == 1) {
        return byte(0);
    }
    std::uint32_t character = byte(0) & (0x7fU >> utf8.size());
    for (std::size_t i = 1; i < utf8.size(); ++i) {
        character = character << 6 | (byte(i) & 0x3f);
    }
    return character;
}

void append_escape(std::string& out, std::uint32_t character) {
    static constexpr std::string_view hex = "0123456789abcdef";
    if (character == '\n') {
        out += "\\n";
        return;
    }
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) {
        out += hex[character >> shift & 15];
    }
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for_terminal(text, {}, [&](std::string_view part) { out += part; });
    return out;
}

std::streamsize PrintableOutput::xsputn(const char* text, std::streamsize size) {
    bool whole = true;
    for_terminal({text, static_cast<std::size_t>(size)}, "\n\t", [&](std::string_view part) {
        const auto length = static_cast<std::streamsize>(part.size());
        whole = whole && below_->sputn(part.data(), length) == length;
    });
    return whole ? size : 0;
}

PrintableOutput::int_type PrintableOutput::overflow(int_type character) {
    if (traits_type::eq_int_type(character, traits_type::eof())) {
        return traits_type::not_eof(character);
    }
    const char one = traits_type::to_char_type(character);
    return xsputn(&one, 1) == 1 ? character : traits_type::eof();
}

}  // namespace adit
