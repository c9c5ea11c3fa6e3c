// operator delete, which overwrites first while somebody asks for that; see secret_scope.h.
#include "common/base/secret_scope.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

#include "common/base/secret.h"

namespace adit {

constinit thread_local int SecretScope::depth_ = 0;

}  // namespace adit

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ADIT_KEEP_OPERATORS 1  // theirs find errors, and overwrite besides
#endif
#endif

#ifndef ADIT_KEEP_OPERATORS
namespace {

void give_back(void* memory) noexcept {
    if (adit::SecretScope::active() && memory != nullptr) {
        adit::wipe_memory(memory, ::malloc_usable_size(memory));
    }
    std::free(memory);
}

void* get(std::size_t size) {
    for (;;) {
        if (void* memory = std::malloc(size == 0 ? 1 : size)) {
            return memory;
        }
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) {
            throw std::bad_alloc();
        }
        handler();
    }
}

}  // namespace

// All other forms but those for large alignments end up in these. Weak: a program that counts what it takes has its
// own.
[[gnu::weak]] void* operator new(std::size_t size) {
    return get(size);
}
[[gnu::weak]] void* operator new[](std::size_t size) {
    return get(size);
}
[[gnu::weak]] void operator delete(void* memory) noexcept {
    give_back(memory);
}
[[gnu::weak]] void operator delete[](void* memory) noexcept {
    give_back(memory);
}
[[gnu::weak]] void operator delete(void* memory, std::size_t) noexcept {
    give_back(memory);
}
[[gnu::weak]] void operator delete[](void* memory, std::size_t) noexcept {
    give_back(memory);
}
#endif
