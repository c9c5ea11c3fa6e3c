// A TCP connection as a stream.
#pragma once

#include <algorithm>
#include <memory>

#include "common/net/address.h"
#include "common/net/descriptor.h"
#include "common/net/stream.h"

namespace adit::net {

/// Owns a connected socket: of TCP, or one end of a Unix pair behind which another process speaks TCP; what only TCP
/// has (an address, resets, keep-alive) is then empty or without effect. Nothing is buffered on the way out: what
/// write_some() took is the kernel's.
class TcpStream final : public Stream {
  public:
    /// Takes over `fd`: non-blocking from here on, TCP_NODELAY set.
    TcpStream(Loop& loop, int fd);

    Status poll_receive() override;
    void read_at_most(std::size_t bytes) override { read_most_ = std::clamp<std::size_t>(bytes, 1, kReadMost); }
    std::size_t write_some(Chain& from, std::size_t limit) override;
    std::size_t waiting() const override;
    void end() override;
    void abort(Status why) override;
    Status status() const override { return status_; }
    void on_hangup(HangupListener* listener) override { watch_.hangup_listener = listener; }
    bool reusable() const override { return !status_ && !read_status_ && !watch_.hangup; }
    Waiter& on_readable() override { return watch_.on_readable; }
    Waiter& on_writable() override { return watch_.on_writable; }

    Address local() const;
    Address peer() const;
    /// Closes with a reset instead of an orderly end, so that the peer learns that bytes are missing.
    void reset_on_close() override;
    /// Notices a peer that vanished without a word: keep-alive probes and a bound on unacknowledged data (RFC 5482).
    void detect_dead_peer(std::chrono::milliseconds within);

  private:
    static constexpr std::size_t kReadMost = 4 * kBlockSize;

    void read_failed(int error);

    Descriptor fd_;  ///< closed last: what others still hold of the socket would go on to wake a watch that is gone
    Watch watch_;
    Status status_;
    Status read_status_;
    std::size_t read_wish_ = kBlockSize;  ///< grows while reads fill what they ask for
    std::size_t read_most_ = kReadMost;
};

}  // namespace adit::net
