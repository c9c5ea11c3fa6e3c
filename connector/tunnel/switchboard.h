// Streams between workers, for a request whose worker has no session of the tunnel that it needs.
//
// Chunks travel by value in batches: what a worker has for another leaves as one post at the end of its turn. No object
// is shared and nothing is locked beyond Asio's own queue.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/net/address.h"
#include "common/net/stream.h"
#include "common/net/worker.h"

namespace adit::tunnel {

class Pool;
class Desk;

/// One message on a line between two workers.
struct Message {
    enum class Kind { open, established, refused, data, credit, end, reset, leaving };
    Kind kind;
    std::uint64_t line;
    std::string bytes = {};                        ///< data
    std::size_t credit = 0;                        ///< bytes that the reader has taken
    std::uint64_t session = 0;                     ///< open
    net::HostPort target = {};                     ///< open
    net::Status why = {};                          ///< refused: how the stream ended
    std::optional<problem::Failure> failure = {};  ///< refused, by somebody who says why
};

/// Joins the desks of all workers. Made before the workers run, outlives them.
class Switchboard {
  public:
    Switchboard();
    ~Switchboard();
    /// Makes the desk of a worker; `pool` finds the sessions that lines are opened to.
    void connect(Pool& pool);
    /// The near end of a new line to a session of another worker. Call on the worker of `from`.
    std::unique_ptr<net::Stream> open(Pool& from, unsigned to_worker, std::uint64_t session,
                                      const net::HostPort& target);
    Desk& desk(unsigned worker) { return *desks_[worker]; }

  private:
    std::vector<std::unique_ptr<Desk>> desks_;
};

}  // namespace adit::tunnel
