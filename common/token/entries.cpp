// Writing and taking entries; see entries.h.
#include "common/token/entries.h"

namespace adit::token {

std::optional<Entry> take_entry(std::span<const std::uint8_t>& bytes) {
    if (bytes.size() < 3) {
        return std::nullopt;
    }
    const std::size_t size = (std::size_t{bytes[1]} << 8) | bytes[2];
    if (bytes.size() < 3 + size) {
        return std::nullopt;
    }
    const Entry entry{bytes[0], bytes.subspan(3, size)};
    bytes = bytes.subspan(3 + size);
    return entry;
}

void put(Bytes& out, std::uint8_t type, std::span<const std::uint8_t> value) {
    out.push_back(type);
    out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(value.size()));
    out.insert(out.end(), value.begin(), value.end());
}

void put(Bytes& out, std::uint8_t type, std::string_view text) {
    put(out, type, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace adit::token
