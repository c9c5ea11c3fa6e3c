// Small HTTP exchanges of our own: token endpoints, key sets, metadata servers, collectors.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/problem/failure.h"
#include "connector/backend/dialer.h"
#include "connector/config/endpoint.h"

namespace adit::fetch {

struct Request {
    std::string method = "GET";
    std::string target = {};  ///< path and query, behind the endpoint's base path; empty: the endpoint itself
    std::vector<std::pair<std::string, std::string>> fields = {};
    std::string body;            ///< wiped by the client when it has been sent: it may hold secrets, as may the fields
    bool head_suffices = false;  ///< an answer counts even if its body is cut off or too large
};

struct Reply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
    std::string body;
    /// The first one of that name (in lower case); empty when there is none.
    std::string_view field(std::string_view name) const;
};

/// Asks one endpoint. May be made and destroyed on any thread while it has asked nothing; from the first exchange on it
/// belongs to the thread of its loop.
class Client {
  public:
    /// Where its exchanges run and how they get to the endpoint.
    struct Means {
        net::Loop* loop;
        std::unique_ptr<backend::Dialer> dialer;  ///< of streams to the endpoint, TLS included
    };
    /// Called with the first exchange, on the loop's thread.
    using Open = std::function<Means()>;
    enum class Connections {
        one_each,  ///< exchanges are rare, and may overlap
        kept,      ///< the next exchange uses the connection of the last; one at a time
    };
    static constexpr std::size_t kBodyMost = 256 * 1024;

    Client(config::Endpoint url, Open open, Connections connections, std::size_t body_most = kBodyMost);
    Client(Client&&) noexcept;
    ~Client();

    /// The final answer, whatever its status: redirects are not followed. A failure is one of reaching the endpoint or
    /// of its answer: its head as large as any origin's may be, its body `body_most` bytes.
    net::Task<std::expected<Reply, problem::Failure>> ask(Request request, net::Time deadline);
    const config::Endpoint& url() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace adit::fetch
