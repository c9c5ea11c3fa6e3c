// Two sessions over a pipe in memory, and what tests do with their streams.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/h2/session.h"
#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"

namespace adit::h2::test {

struct Listening : SessionListener {
    void stream_accepted(std::unique_ptr<Stream> stream) override { accepted(std::move(stream)); }
    void peer_draining() override { ++draining; }
    std::function<void(std::unique_ptr<Stream>)> accepted = [](auto) {};
    int draining = 0;
};

inline net::Task<> run(Session& session) {
    co_await session.run();
}

/// A transport that is never full, takes a little with each write as one that makes records does, and so never tells a
/// writer that it may go on.
class Sipping final : public net::Stream {
  public:
    explicit Sipping(std::unique_ptr<net::Stream> below)
        : Stream(below->loop()), below_(std::move(below)), never_(loop()) {}
    net::Status poll_receive() override {
        const net::Status status = below_->poll_receive();
        const std::size_t arrived = below_->input().size();
        input().splice(below_->input(), arrived);
        below_->consumed(arrived);
        return status;
    }
    std::size_t write_some(net::Chain& from, std::size_t limit) override {
        return below_->write_some(from, std::min<std::size_t>(limit, 10'000));
    }
    void end() override { below_->end(); }
    void abort(net::Status why) override {
        below_->abort(why);
        never_.wake();
    }
    net::Status status() const override { return below_->status(); }
    bool reusable() const override { return below_->reusable(); }
    net::Waiter& on_readable() override { return below_->on_readable(); }
    net::Waiter& on_writable() override { return never_; }

  private:
    std::unique_ptr<net::Stream> below_;
    net::Waiter never_;
};

/// Two sessions, joined: a connector's and an agent's, or those of a client and a server.
struct Pair {
    enum class Of { tunnel, messages };

    explicit Pair(const Limits& limits = {}, bool sipping = false, Of of = Of::tunnel) {
        auto [one, other] = net::memory_pipe(worker.loop(), sipping ? 100'000'000 : 200'000);
        if (sipping) {
            one = std::make_unique<Sipping>(std::move(one));
        }
        const bool tunnel = of == Of::tunnel;
        opener = std::make_unique<Session>(std::move(one), tunnel ? Session::Role::opener : Session::Role::client,
                                           limits, opening);
        acceptor = std::make_unique<Session>(std::move(other), tunnel ? Session::Role::acceptor : Session::Role::server,
                                             limits, accepting);
        net::spawn(worker.context(), "opener", run(*opener));
        net::spawn(worker.context(), "acceptor", run(*acceptor));
    }
    ~Pair() { worker.finish(); }
    /// Lets everything run until nothing is ready any more.
    void settle() {
        worker.context().restart();
        while (worker.context().poll() > 0) {
        }
    }
    std::unique_ptr<Stream> connect() { return opener->open({{":method", "CONNECT"}, {":authority", "a:1"}}, false); }

    net::Worker worker{0};
    Listening opening;
    Listening accepting;
    std::unique_ptr<Session> opener;
    std::unique_ptr<Session> acceptor;
};

inline void put(net::Stream& stream, const std::string& text) {
    net::Chain chain(stream.loop().blocks());
    chain.append(text);
    stream.write_some(chain, chain.size());
}

inline std::string take(net::Stream& stream) {
    std::string text(stream.input().size(), '\0');
    stream.input().copy_out(text);
    stream.consume(text.size());
    return text;
}

}  // namespace adit::h2::test
