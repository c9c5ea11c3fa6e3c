// Connections kept for the next exchange, by the way they lead.
#pragma once

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>
#include <unordered_map>

#include "common/net/stream.h"
#include "connector/admin/metrics.h"

namespace adit::backend {

/// Idle connections of one endpoint on one worker. The most recently used is taken first, so that a quiet endpoint's
/// extra connections grow old and close. One that its peer closes, or whose session starts to drain, is dropped at
/// once.
class Keep {
  public:
    struct Limits {
        std::size_t connections = 1024;          ///< idle at once
        std::chrono::milliseconds idle{60'000};  ///< then closed
    };

    Keep(net::Loop& loop, const Limits& limits, BackendMetrics& metrics);
    ~Keep();

    /// A whole connection of this way, or null.
    std::unique_ptr<net::Stream> take(std::uint64_t pool_key);
    void put(std::uint64_t pool_key, std::unique_ptr<net::Stream> stream);

  private:
    /// A tag of its own: a deadline is in a list too.
    using Hook = boost::intrusive::list_base_hook<boost::intrusive::tag<Keep>>;
    struct Idle;
    class Reaper;
    struct List;

    void drop(Idle& idle);

    net::Loop& loop_;
    Limits limits_;
    BackendMetrics& metrics_;
    std::unordered_map<std::uint64_t, std::unique_ptr<List>> ways_;
    std::size_t count_ = 0;
    std::unique_ptr<Reaper> reaper_;
};

}  // namespace adit::backend
