// Hooks under OpenSSL's allocation; see key_memory.h.
#include "common/tls/key_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "common/base/locked_memory.h"
#include "common/base/secret.h"
#include "common/base/secret_scope.h"

namespace adit::tls {
namespace {

/// Stands before each block, since OpenSSL does not say how large what it gives back is.
struct alignas(std::max_align_t) Head {
    std::size_t size;  ///< with the head
};

void* allocate(std::size_t size, const char*, int) {
    if (size == 0) {
        return nullptr;
    }
    if (!SecretScope::active()) {
        return std::malloc(size);
    }
    const std::size_t whole = size + sizeof(Head);
    void* block = allocate_locked(whole);
    if (!is_for_secrets(block)) {  // it is full, and OpenSSL's free() could not tell such a block from its own
        free_locked(block, whole);
        return std::malloc(size);
    }
    return new (block) Head{whole} + 1;
}

void give_back(void* memory, const char*, int) {
    if (is_for_secrets(memory)) {
        Head* head = static_cast<Head*>(memory) - 1;
        free_locked(head, head->size);
        return;
    }
    if (SecretScope::active() && memory != nullptr) {
        wipe_memory(memory, ::malloc_usable_size(memory));
    }
    std::free(memory);
}

void* resize(void* memory, std::size_t size, const char* file, int line) {
    const bool ours = is_for_secrets(memory);
    if (!ours && (!SecretScope::active() || size == 0)) {
        return std::realloc(memory, size);
    }
    const SecretScope stays;  // what was secret does not move to other memory as it grows
    void* fresh = size == 0 ? nullptr : allocate(size, file, line);
    if (fresh != nullptr && memory != nullptr) {
        const std::size_t had =
            ours ? (static_cast<Head*>(memory) - 1)->size - sizeof(Head) : ::malloc_usable_size(memory);
        std::memcpy(fresh, memory, std::min(had, size));
    }
    if (fresh != nullptr || size == 0) {
        give_back(memory, file, line);
    }
    return fresh;
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

bool keep_keys_locked() {
    return CRYPTO_set_mem_functions(allocate, resize, give_back) == 1;
}

void settle(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") != 1) {
        return;
    }
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    std::array<unsigned char, 1024> signature;
    std::size_t size = signature.size();
    static constexpr unsigned char kAny[] = {0};
    if (context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1) {
        EVP_DigestSign(context.get(), signature.data(), &size, kAny, sizeof kAny);
    }
    ERR_clear_error();
}

}  // namespace adit::tls
