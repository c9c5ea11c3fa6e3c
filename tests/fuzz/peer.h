// The far end of a connection in memory: what a fuzzer says goes in, what the program under test answers comes out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "tests/fuzz/target.h"

namespace adit::fuzz {

class Peer {
  public:
    explicit Peer(net::Worker& worker, std::size_t capacity = 1 << 20) : worker_(worker) {
        std::tie(far_, near_) = net::memory_pipe(worker.loop(), capacity);
    }

    /// The end for the program under test; once.
    std::unique_ptr<net::Stream> take_stream() { return std::move(near_); }
    /// Says something and lets everything run until nothing is ready any more.
    void say(std::string_view bytes) {
        net::Chain chain(worker_.loop().blocks());
        chain.append(bytes);
        while (far_ && !chain.empty() && far_->write_some(chain, chain.size()) > 0) {
            settle();
        }
        settle();
    }
    /// What the program has said since.
    std::string hear() {
        if (!far_) {
            return {};
        }
        std::string bytes(far_->input().size(), '\0');
        far_->input().copy_out(bytes);
        far_->consume(bytes.size());
        settle();
        return bytes;
    }
    /// No more is said; answers are still heard.
    void end() {
        if (far_) {
            far_->end();
        }
        settle();
    }
    void leave() {
        far_.reset();
        settle();
    }
    void settle() {
        worker_.context().restart();
        for (int polls = 0; worker_.context().poll() > 0; ++polls) {
            demand(polls < 10'000, "what is said once is done with at some time");
        }
    }

  private:
    net::Worker& worker_;
    std::unique_ptr<net::Stream> far_;
    std::unique_ptr<net::Stream> near_;
};

}  // namespace adit::fuzz
