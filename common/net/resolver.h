// Names to addresses without blocking a loop: getaddrinfo on a few threads of its own, so /etc/hosts and search domains
// mean what they mean to every other program of the machine.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/loop.h"
#include "common/problem/failure.h"

namespace adit::net {

/// Shared by all loops of a program; outlives them. Threads start with the first name that is not an IP address.
class Resolver {
  public:
    using Answer = std::expected<std::vector<Address>, problem::Failure>;

    Resolver() = default;
    ~Resolver();

    /// All addresses of `host`, families interleaved as RFC 8305 §4 wants them (IPv6 first), or dns_error / dns_timeout
    /// when `deadline` passes first. An IP literal answers itself at once.
    Task<Answer> resolve(Loop& loop, HostPort host, Time deadline);

  private:
    static constexpr std::size_t kThreads = 4;  ///< look-ups under way at once; more wait in a queue
    std::unique_ptr<boost::asio::thread_pool> pool_;
    std::mutex starting_;
};

}  // namespace adit::net
