// The one type that everything above the transport sees: a byte stream with back-pressure in both directions.
//
// Reading is pulling: bytes stand in input() until the reader consumes them, and only then does the far end earn room
// to send more. Writing takes what fits now and says how much. The functions that poll and write are plain calls, one
// per system call's worth of bytes; a coroutine suspends only when there is nothing to do.
#pragma once

#include <limits>
#include <string_view>

#include "common/net/block.h"
#include "common/net/loop.h"
#include "common/net/status.h"
#include "common/net/task.h"
#include "common/problem/failure.h"

namespace adit::net {

/// Owned by exactly one party, used on one loop's thread. Destroying it gives up both directions (the peer sees a reset
/// unless both ended in order). At most one coroutine reads and one writes at a time.
class Stream {
  public:
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    Loop& loop() const { return *loop_; }

    // --- reading ---

    /// Bytes that arrived and were not consumed yet. Take from the front with consumed() or by writing to another
    /// stream.
    Chain& input() { return input_; }
    /// Suspends until input() has grown; end_of_stream after the peer's last byte, or why no more will come. A wait is
    /// given up with would_block when on_readable() is woken after `*given_up` or `*or_else` was set.
    Task<Status> receive(const bool* given_up = nullptr, const bool* or_else = nullptr);
    /// One attempt: ok when input() has grown, would_block when on_readable() will be woken, else the end.
    virtual Status poll_receive() = 0;
    /// The reader has a use for so many bytes: one attempt brings no more, where the stream reads by itself.
    virtual void read_at_most(std::size_t) {}
    /// The reader has taken `n` bytes off input(): the far end may send as many again.
    virtual void consumed(std::size_t) {}
    void consume(std::size_t n) {
        input_.consume(n);
        consumed(n);
    }

    // --- writing ---

    /// Takes up to `limit` bytes off the front of `from`; 0 when it is full (await writable()) or broken (see
    /// status()). The caller tells the stream that `from` belongs to, with consumed(), what was taken.
    virtual std::size_t write_some(Chain& from, std::size_t limit) = 0;
    /// How many bytes write_some() would take now; no bound where it keeps none. Where it is 0, writable() waits for
    /// more.
    virtual std::size_t room() { return std::numeric_limits<std::size_t>::max(); }
    /// Suspends until write_some() may take something again, or says why it never will.
    Task<Status> writable();
    /// Pushes on what a layer still holds of earlier writes (a TLS record that did not fit); true when nothing is held.
    /// A writer that stops writing calls it until true, with writable() in between; write_all() does.
    virtual bool flush() { return true; }
    /// Writes all of `from` and flushes.
    Task<Status> write_all(Chain& from);
    /// Of what was written, the bytes that the far end has not taken yet, as far as can be told. May ask the kernel.
    virtual std::size_t waiting() const { return 0; }
    /// No more bytes follow those written (half-close); the reading direction goes on.
    virtual void end() = 0;

    // --- both ---

    /// Gives the stream up: waiting coroutines wake and every later call answers `why`.
    virtual void abort(Status why) = 0;
    /// Where an end in order could pass for the end of what was said: from here on closing resets.
    virtual void reset_on_close() {}
    /// Why the stream is broken; ok while writing is possible.
    virtual Status status() const = 0;
    /// False while a tunnel stream waits for the far end's word that its target is connected; bytes may be written
    /// before. on_readable() is woken when it changes.
    virtual bool established() const { return true; }
    /// What the far end of a tunnel said when it refused this stream; null when nobody refused.
    virtual const problem::Failure* failure() const { return nullptr; }
    /// Told when the peer leaves or takes no further exchanges, where the transport can know without reading.
    virtual void on_hangup(HangupListener*) {}
    /// Nothing stands against another exchange on this stream: whole, not ended, its transport not draining.
    virtual bool reusable() const = 0;

    virtual Waiter& on_readable() = 0;
    virtual Waiter& on_writable() = 0;

  protected:
    explicit Stream(Loop& loop) : loop_(&loop), input_(loop.blocks()) {}

  private:
    static constexpr int kReceivesPerWake = 8;  ///< then others get their turn

    Loop* loop_;
    Chain input_;
    int receives_ = 0;
};

}  // namespace adit::net
