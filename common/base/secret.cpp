// Wiping; see secret.h.
#include "common/base/secret.h"

#include <string.h>

namespace adit {

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
