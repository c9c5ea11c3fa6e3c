// Small HTTP exchanges of our own: token endpoints, key sets, metadata servers.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net/resolver.h"
#include "common/problem/failure.h"
#include "connector/backend/dialer.h"
#include "connector/config/endpoint.h"

namespace adit::fetch {

struct Request {
    std::string method = "GET";
    std::string target;  ///< path and query, behind the endpoint's base path; empty: the endpoint itself
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;  ///< wiped by the client when it has been sent: it may hold secrets
};

struct Reply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
    std::string body;
    std::string_view field(std::string_view name) const;
};

/// One endpoint, asked over a connection that is kept. Used on its loop's thread; exchanges queue behind each other.
/// Bounds: the answer's head as of any origin, its body `most` bytes. TLS is verified for the URL's host.
class Client {
  public:
    struct Target {
        config::Endpoint url;                     ///< http or https
        std::unique_ptr<backend::Dialer> dialer;  ///< of its streams, TLS included
    };
    Client(net::Loop& loop, Target target, std::size_t most = 256 * 1024);
    ~Client();

    /// Redirects are answers like others. A failure is one of reaching the endpoint or of its answer.
    net::Task<std::expected<Reply, problem::Failure>> ask(Request request, net::Time deadline);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace adit::fetch
