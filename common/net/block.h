// Memory of bytes in flight: fixed blocks from a per-loop pool, and chains of them.
// A connection holds blocks only while it holds bytes, so an idle one costs none.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace adit::net {

/// One TLS record's worth of plaintext (RFC 8446 §5.1), so a full block leaves as one full record.
inline constexpr std::size_t kBlockSize = 16 * 1024;

/// A fixed piece of memory; [begin, end) of `data` holds bytes. Lives in exactly one chain or in the pool.
struct Block {
    Block* next;
    std::uint32_t begin;
    std::uint32_t end;
    char data[kBlockSize];

    std::size_t size() const { return end - begin; }
    std::size_t room() const { return kBlockSize - end; }
};

/// Recycles blocks of one loop. Not thread-safe: a block never leaves the thread of its pool.
class BlockPool {
  public:
    /// Keeps up to `keep` free blocks for reuse and gives the rest back to the system.
    explicit BlockPool(std::size_t keep = 256) : keep_(keep) {}
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;
    ~BlockPool();

    Block* take();
    void give(Block* block);
    /// Blocks in chains at the moment: the measure of memory held by bytes in flight.
    std::size_t in_use() const { return in_use_; }

  private:
    std::size_t keep_;
    std::size_t free_count_ = 0;
    std::size_t in_use_ = 0;
    Block* free_ = nullptr;
};

/// A queue of bytes in blocks: appended at the back, consumed at the front, moved between streams without copying.
class Chain {
  public:
    explicit Chain(BlockPool& pool) : pool_(&pool) {}
    Chain(Chain&& other) noexcept { swap(other); }
    Chain& operator=(Chain&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Chain() { clear(); }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    BlockPool& pool() const { return *pool_; }

    /// The first contiguous bytes; empty only when the chain is.
    std::string_view front() const {
        return head_ == nullptr ? std::string_view() : std::string_view(head_->data + head_->begin, head_->size());
    }
    /// Drops `n` bytes from the front; n <= size().
    void consume(std::size_t n);
    /// Copies bytes to the back.
    void append(std::string_view bytes);
    /// Moves up to `n` bytes from the front of `other` to the back of this one: whole blocks by pointer, a part of a
    /// block by copy. Both chains must share a pool.
    void splice(Chain& other, std::size_t n);
    /// Makes the first min(n, size()) bytes contiguous and returns them; n <= kBlockSize.
    std::string_view gather(std::size_t n);
    /// Copies the first bytes out, at most out.size(); returns how many. Consumes nothing.
    std::size_t copy_out(std::span<char> out) const;
    void clear();

    /// Room at the back for a read of `wanted` bytes; `commit` must follow and says how many were filled (0 is fine).
    std::size_t prepare(iovec* areas, std::size_t max_areas, std::size_t wanted);
    void commit(std::size_t n);
    /// The bytes as areas for a gathering write; returns how many areas were set, at most `limit` bytes in all.
    std::size_t areas(iovec* out, std::size_t max_areas, std::size_t limit) const;

  private:
    void swap(Chain& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
        std::swap(size_, other.size_);
    }
    void push_block(Block* block);
    void pop_block();

    BlockPool* pool_ = nullptr;
    Block* head_ = nullptr;
    Block* tail_ = nullptr;
    Block* spare_ = nullptr;  ///< taken by prepare(), not yet part of the chain
    std::size_t size_ = 0;
};

}  // namespace adit::net
