// Services as backends, made when requests come for them and kept while they do.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/strings.h"
#include "connector/backend/backend.h"
#include "connector/tunnel/pool.h"

namespace adit::proxy {

/// One per proxy and worker. A backend that was dropped lives on in the exchanges that use it.
class Origins {
  public:
    static constexpr std::size_t kMost = 256;  ///< the one that was idle longest makes room

    explicit Origins(tunnel::Pool& pool) : pool_(pool) {}

    /// The backend of the service, with its kept connections.
    std::shared_ptr<backend::Backend> at(std::string_view service, const backend::Timeouts& timeouts);
    /// Those to come are made anew.
    void clear();

  private:
    std::shared_ptr<backend::Backend> make(std::string_view service, const backend::Timeouts& timeouts);

    struct Origin {
        std::string service;
        std::shared_ptr<backend::Backend> backend;
    };

    tunnel::Pool& pool_;
    std::list<Origin> lately_;  ///< the last one used first
    std::unordered_map<std::string, std::list<Origin>::iterator, StringHash, std::equal_to<>> index_;
};

}  // namespace adit::proxy
