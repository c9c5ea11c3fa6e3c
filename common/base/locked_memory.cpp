// One region, locked chunk by chunk, and handed out in units; see locked_memory.h.
#include "common/base/locked_memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>

#include "common/base/secret.h"

namespace adit {
namespace {

constexpr std::size_t kUnit = 32;
constexpr std::size_t kChunk = 32 * 1024;  ///< half of what the smallest usual limit lets a process lock
constexpr std::size_t kUnits = kChunk / kUnit;
constexpr std::size_t kBits = 64;  ///< of a word of which units are taken
constexpr std::size_t kChunks = 128;
constexpr std::size_t kRegion = kChunk * kChunks;
constexpr rlim_t kLimit = 2 * kRegion;  ///< that a process needs, with what libraries may lock

std::size_t units_of(std::size_t size) {
    return (std::max<std::size_t>(size, 1) + kUnit - 1) / kUnit;
}

/// Which units of a chunk are taken: a bit each, looked through by words.
struct Chunk {
    bool locked = false;
    std::size_t free = kUnits;
    std::array<std::uint64_t, kUnits / kBits> taken = {};

    /// The first run of `count` free units; kUnits when there is none.
    std::size_t take(std::size_t count) {
        for (std::size_t at = 0; count <= free && at < kUnits;) {
            at += std::countr_one(taken[at / kBits] >> (at % kBits));
            const std::size_t end = end_of_run(at, count);
            if (end - at >= count) {
                mark(at, count, true);
                return at;
            }
            at = std::max(end, at);
        }
        return kUnits;
    }
    void mark(std::size_t first, std::size_t count, bool is) {
        for (std::size_t i = first; i < first + count; ++i) {
            const std::uint64_t bit = std::uint64_t{1} << (i % kBits);
            taken[i / kBits] = is ? taken[i / kBits] | bit : taken[i / kBits] & ~bit;
        }
        free = is ? free - count : free + count;
    }

  private:
    /// Where the free units from `at` on end, or where `count` of them do.
    std::size_t end_of_run(std::size_t at, std::size_t count) const {
        std::size_t end = at;
        while (end < kUnits && end - at < count) {
            const std::uint64_t rest = taken[end / kBits] >> (end % kBits);
            if (rest != 0) {
                return end + static_cast<std::size_t>(std::countr_zero(rest));
            }
            end += kBits - end % kBits;
        }
        return end;
    }
};

class Arena {
  public:
    Arena() {
        void* pages =
            ::mmap(nullptr, kRegion, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (pages != MAP_FAILED) {
            begin_ = static_cast<char*>(pages);
            ::madvise(pages, kRegion, MADV_DONTDUMP);
        }
    }

    void* allocate(std::size_t size) {
        const std::size_t units = units_of(size);
        const std::lock_guard hold(mutex_);
        for (std::size_t i = 0; begin_ != nullptr && units <= kUnits && i < kChunks; ++i) {
            if (i == used_) {
                open_next();
            }
            if (const std::size_t at = chunks_[i].take(units); at < kUnits) {
                return begin_ + i * kChunk + at * kUnit;
            }
        }
        void* memory = ::operator new(size);
        on_the_heap_ += size;
        return memory;
    }

    void free(void* memory, std::size_t size) {
        wipe_memory(memory, size);
        const std::lock_guard hold(mutex_);
        if (holds(memory)) {
            const auto at = static_cast<std::size_t>(static_cast<char*>(memory) - begin_);
            chunks_[at / kChunk].mark(at % kChunk / kUnit, units_of(size), false);
            return;
        }
        on_the_heap_ -= size;
        ::operator delete(memory);
    }

    bool holds(const void* memory) const {
        const auto* place = static_cast<const char*>(memory);
        return place >= begin_ && place < begin_ + kRegion && begin_ != nullptr;
    }

    LockedMemory look() {
        const std::lock_guard hold(mutex_);
        LockedMemory found{.unlocked = on_the_heap_};
        for (std::size_t i = 0; i < used_; ++i) {
            if (chunks_[i].locked) {
                found.locked += kChunk;
            } else if (chunks_[i].free < kUnits) {
                found.unlocked += kChunk;
            }
        }
        if (found.unlocked > 0) {
            found.reason = reason_.empty() ? "there are more secrets than places for them" : reason_;
        }
        return found;
    }

  private:
    /// Pages are never given back: there will be other secrets.
    void open_next() {
        chunks_[used_].locked = ::mlock(begin_ + used_ * kChunk, kChunk) == 0;
        if (!chunks_[used_].locked && reason_.empty()) {
            reason_ = std::string("mlock: ") + std::strerror(errno) + " (RLIMIT_MEMLOCK bounds it)";
        }
        ++used_;
    }

    char* begin_ = nullptr;
    std::mutex mutex_;
    std::array<Chunk, kChunks> chunks_;
    std::size_t used_ = 0;  ///< chunks
    std::size_t on_the_heap_ = 0;
    std::string reason_;
};

/// Secrets may die as late as the process does, so their memory outlives everything.
Arena& arena() {
    static Arena& only = *new Arena;
    return only;
}

}  // namespace

void* allocate_locked(std::size_t size) {
    return arena().allocate(size);
}

void free_locked(void* memory, std::size_t size) noexcept {
    if (memory != nullptr) {
        arena().free(memory, size);
    }
}

bool is_for_secrets(const void* memory) noexcept {
    return arena().holds(memory);
}

LockedMemory locked_memory() {
    return arena().look();
}

void raise_lock_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return;
    }
    // CAP_IPC_LOCK, with which no limit counts, is given up later; what is locked after that is bound by it.
    const rlimit enough{kLimit, kLimit};
    if (limit.rlim_max < kLimit && ::setrlimit(RLIMIT_MEMLOCK, &enough) == 0) {
        return;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_MEMLOCK, &limit);
    }
}

}  // namespace adit
