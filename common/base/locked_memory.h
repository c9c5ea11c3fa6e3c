// Memory for secrets: it is kept out of swap and out of core dumps, and wiped when it is given back.
#pragma once

#include <cstddef>
#include <string>

namespace adit {

/// How the secrets of a process are kept, for those who run it.
struct LockedMemory {
    std::size_t locked = 0;    ///< bytes of pages that reach neither swap nor a core dump
    std::size_t unlocked = 0;  ///< bytes that secrets have to do with besides; they are wiped nevertheless
    std::string reason = {};   ///< why; empty: there are none
};

/// The memory of all secrets: one for the process, as malloc has one. Pages are locked as they are needed, up to a
/// bound; where the kernel locks no more (RLIMIT_MEMLOCK), secrets are kept all the same. Never null; any thread.
void* allocate_locked(std::size_t size);
/// `size` is that of the allocation. Null is allowed.
void free_locked(void* memory, std::size_t size) noexcept;
/// Whether it is in the pages that are for secrets.
bool is_for_secrets(const void* memory) noexcept;

LockedMemory locked_memory();

/// Has the kernel lock as much as this process may ask for: its hard limit, or what all secrets need where that is more
/// and it may raise it (CAP_SYS_RESOURCE). At the start, before there are secrets.
void raise_lock_limit();

}  // namespace adit
