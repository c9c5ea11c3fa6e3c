// Blocks and chains: see block.h for the contract.
#include "common/net/block.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <new>

namespace adit::net {

BlockPool::~BlockPool() {
    while (free_ != nullptr) {
        std::free(std::exchange(free_, free_->next));
    }
}

Block* BlockPool::take() {
    Block* block = free_;
    if (block != nullptr) {
        free_ = block->next;
        --free_count_;
    } else {
        block = static_cast<Block*>(std::malloc(sizeof(Block)));
        if (block == nullptr) {
            throw std::bad_alloc();
        }
    }
    ++in_use_;
    block->next = nullptr;
    block->begin = block->end = 0;
    return block;
}

void BlockPool::give(Block* block) {
    --in_use_;
    if (free_count_ == keep_) {
        std::free(block);
        return;
    }
    block->next = free_;
    free_ = block;
    ++free_count_;
}

void Chain::push_block(Block* block) {
    if (tail_ == nullptr) {
        head_ = block;
    } else {
        tail_->next = block;
    }
    tail_ = block;
}

void Chain::pop_block() {
    Block* block = head_;
    head_ = block->next;
    if (head_ == nullptr) {
        tail_ = nullptr;
    }
    pool_->give(block);
}

void Chain::clear() {
    while (head_ != nullptr) {
        pop_block();
    }
    size_ = 0;
}

void Chain::consume(std::size_t n) {
    assert(n <= size_);
    size_ -= n;
    while (n > 0) {
        const std::size_t part = std::min(n, head_->size());
        head_->begin += static_cast<std::uint32_t>(part);
        n -= part;
        if (head_->size() == 0) {
            pop_block();
        }
    }
}

void Chain::append(std::string_view bytes) {
    size_ += bytes.size();
    while (!bytes.empty()) {
        if (tail_ == nullptr || tail_->room() == 0) {
            push_block(pool_->take());
        }
        const std::size_t part = std::min(bytes.size(), tail_->room());
        std::memcpy(tail_->data + tail_->end, bytes.data(), part);
        tail_->end += static_cast<std::uint32_t>(part);
        bytes.remove_prefix(part);
    }
}

void Chain::splice(Chain& other, std::size_t n) {
    assert(n <= other.size_ && pool_ == other.pool_);
    while (n > 0) {
        Block* first = other.head_;
        const std::size_t bytes = first->size();
        // A short piece is cheaper to copy than to carry as a nearly empty block.
        const bool copy = n < bytes || (tail_ != nullptr && bytes <= 2048 && tail_->room() >= bytes);
        if (copy) {
            const std::size_t part = std::min(n, bytes);
            append({first->data + first->begin, part});
            other.consume(part);
            n -= part;
            continue;
        }
        other.head_ = first->next;
        if (other.head_ == nullptr) {
            other.tail_ = nullptr;
        }
        other.size_ -= bytes;
        first->next = nullptr;
        push_block(first);
        size_ += bytes;
        n -= bytes;
    }
}

std::string_view Chain::gather(std::size_t n) {
    n = std::min({n, size_, kBlockSize});
    if (n <= front().size()) {
        return front().substr(0, n);
    }
    Block* whole = pool_->take();
    const std::size_t bytes = copy_out({whole->data, n});
    whole->end = static_cast<std::uint32_t>(bytes);
    consume(bytes);
    whole->next = head_;
    head_ = whole;
    if (tail_ == nullptr) {
        tail_ = whole;
    }
    size_ += bytes;
    return {whole->data, bytes};
}

std::size_t Chain::copy_out(std::span<char> out) const {
    std::size_t copied = 0;
    for (const Block* block = head_; block != nullptr && copied < out.size(); block = block->next) {
        const std::size_t part = std::min(out.size() - copied, block->size());
        std::memcpy(out.data() + copied, block->data + block->begin, part);
        copied += part;
    }
    return copied;
}

std::size_t Chain::prepare(iovec* areas, std::size_t max_areas, std::size_t wanted) {
    assert(spare_ == nullptr);
    std::size_t count = 0;
    std::size_t bytes = 0;
    if (tail_ != nullptr && tail_->room() >= kBlockSize / 4) {
        areas[count++] = {tail_->data + tail_->end, tail_->room()};
        bytes += tail_->room();
    }
    Block** last = &spare_;
    while (count == 0 || (count < max_areas && bytes < wanted)) {
        *last = pool_->take();
        areas[count++] = {(*last)->data, kBlockSize};
        last = &(*last)->next;
        bytes += kBlockSize;
    }
    return count;
}

void Chain::commit(std::size_t n) {
    size_ += n;
    if (tail_ != nullptr && tail_->room() >= kBlockSize / 4) {
        const std::size_t part = std::min(n, tail_->room());
        tail_->end += static_cast<std::uint32_t>(part);
        n -= part;
    }
    while (spare_ != nullptr) {
        Block* block = std::exchange(spare_, spare_->next);
        block->next = nullptr;
        if (n == 0) {
            pool_->give(block);
            continue;
        }
        const std::size_t part = std::min(n, kBlockSize);
        block->end = static_cast<std::uint32_t>(part);
        n -= part;
        push_block(block);
    }
    assert(n == 0);
}

std::size_t Chain::areas(iovec* out, std::size_t max_areas, std::size_t limit) const {
    std::size_t count = 0;
    for (Block* block = head_; block != nullptr && count < max_areas && limit > 0; block = block->next) {
        const std::size_t part = std::min(limit, block->size());
        out[count++] = {block->data + block->begin, part};
        limit -= part;
    }
    return count;
}

}  // namespace adit::net
