// Wiping; see secret.h.
#include "common/base/secret.h"

#include <string.h>

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

void Secret::wipe() {
    wipe_memory(text_.data(), text_.size());
    text_.clear();
}

}  // namespace adit
