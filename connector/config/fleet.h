// What connectors of a fleet share, and what they tell others, as configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/net/address.h"
#include "connector/config/defaults.h"

namespace adit::config {

/// The Redis of a fleet.
struct State {
    /// As its URL says; see state_url.h.
    struct Server {
        enum class Kind { server, sentinel };
        Kind kind = Kind::server;
        std::vector<net::HostPort> addresses = {};  ///< of the server, or of the sentinels
        std::string master = {};                    ///< that the sentinels know
        std::string user = {};
        SharedSecret password = {};
        std::uint32_t database = 0;
        bool tls = false;
        friend bool operator==(const Server&, const Server&) = default;
    };
    Server server;
    std::filesystem::path ca = {};  ///< PEM; the system's when empty
    std::string server_name = {};   ///< empty: the host
    SharedSecret sentinel_password = {};
    std::string prefix = "adit";
    std::chrono::milliseconds timeout = defaults::state_timeout;  ///< of one round trip; then the fail modes count
    friend bool operator==(const State&, const State&) = default;
};

/// Events pushed to somebody else's HTTP endpoint, signed as Standard Webhooks are (HMAC-SHA256).
struct Webhook {
    std::string name;
    std::string url;
    SharedSecret secret;              ///< "whsec_" and base64, or plain text
    std::vector<std::string> events;  ///< kinds; "circuit.*"; empty: all
    std::filesystem::path ca = {};
    std::chrono::milliseconds timeout = defaults::webhook_timeout;
    std::uint32_t per_minute = defaults::webhook_per_minute;
    std::uint32_t queue = defaults::webhook_queue;
    friend bool operator==(const Webhook&, const Webhook&) = default;
};

/// What chained connectors tell each other in a signed field, so that one tier retries and deadlines count.
struct Chain {
    SharedSecret key;  ///< at least 32 bytes; the same in all of them
    friend bool operator==(const Chain&, const Chain&) = default;
};

/// Where the `type` of problem documents leads; the code follows.
struct Problems {
    std::string base;  ///< empty: to pages of our own
    friend bool operator==(const Problems&, const Problems&) = default;
};

}  // namespace adit::config
