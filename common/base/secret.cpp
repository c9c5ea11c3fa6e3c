// Keeping and wiping; see secret.h.
#include "common/base/secret.h"

#include <string.h>

#include "common/base/locked_memory.h"

namespace adit {

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    if (a.size() != b.size()) {
        return false;
    }
    // Volatile, so that no compiler finds out that one difference would do.
    volatile std::uint8_t difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

void wipe_memory(void* memory, std::size_t size) {
    if (size > 0) {  // nothing may have no place
        ::explicit_bzero(memory, size);
    }
}

Secret::Secret(std::string&& text) {
    keep(text);
    wipe_memory(text.data(), text.size());
    text.clear();
}

Secret Secret::copy() const {
    Secret other;
    other.keep(reveal());
    return other;
}

void Secret::keep(std::string_view text) {
    if (!text.empty()) {
        text_ = static_cast<char*>(allocate_locked(text.size()));
        size_ = text.copy(text_, text.size());
    }
}

void Secret::wipe() noexcept {
    free_locked(text_, size_);
    text_ = nullptr;
    size_ = 0;
}

}  // namespace adit
