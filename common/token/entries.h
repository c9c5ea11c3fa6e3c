// The shape inside a token: entries of type, length of two bytes, and value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/encoding.h"

namespace adit::token {

/// The most entries that are read.
inline constexpr std::size_t kEntriesMost = 64;

/// Entries of this type may be skipped by readers that do not know them.
constexpr bool may_be_skipped(std::uint8_t type) {
    return (type & 0x80) != 0;
}

struct Entry {
    std::uint8_t type = 0;
    std::span<const std::uint8_t> value;

    std::string text() const { return {reinterpret_cast<const char*>(value.data()), value.size()}; }
};

/// Takes the first entry off `bytes`; none when there is no whole one.
std::optional<Entry> take_entry(std::span<const std::uint8_t>& bytes);

void put(Bytes& out, std::uint8_t type, std::span<const std::uint8_t> value);
void put(Bytes& out, std::uint8_t type, std::string_view text);

}  // namespace adit::token
