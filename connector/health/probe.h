// One question to an endpoint, along the way that its requests take: through the tunnel, over TLS.
#pragma once

#include <optional>
#include <string>

#include "connector/backend/dialer.h"
#include "connector/config/resilience.h"

namespace adit::health {

/// Who is asked, and how.
struct Question {
    const config::Health* how = nullptr;
    backend::Dialer* dialer = nullptr;
    backend::Versions versions = backend::Versions::http1;  ///< of HTTP checks; gRPC is HTTP/2
    std::string user_agent = {};
};

/// Why the endpoint is not well, in words; nothing when it is. On a connection of its own, without credentials, and
/// over by the check's timeout. What `question` points to outlives it.
net::Task<std::optional<std::string>> probe(net::Loop& loop, Question question);

}  // namespace adit::health
