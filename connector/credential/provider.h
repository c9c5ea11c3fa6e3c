// A provider's endpoint: asked for tokens, its failures told in words that name it.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "connector/config/issuers.h"
#include "connector/credential/token.h"
#include "connector/fetch/desk.h"

namespace adit::credential {

/// Assertions are judged by a provider's clock, and tokens and signatures by the origin's: one that differs from ours
/// is told, once until it agrees again. Used by one thread.
class ClockWatch {
  public:
    void mind(const fetch::Reply& reply, const std::string& url);

  private:
    bool differs_ = false;
};

/// Made on any thread, used on the desk's.
class Provider {
  public:
    /// As Desk::client().
    static Result<std::shared_ptr<Provider>> make(fetch::Desk& desk, const config::TokenEndpoint& endpoint,
                                                  const config::Endpoint& otherwise);
    /// From the desk's loop; at most the endpoint's time-out. Only an answer of 200 is one;
    /// what else it says is told without the request's secrets.
    net::Task<std::expected<fetch::Reply, fetch::Trouble>> ask(fetch::Request request, net::Time deadline,
                                                               Secrets secrets);
    /// The trouble with its name before it.
    fetch::Trouble name(fetch::Trouble trouble) const;
    fetch::Made name(fetch::Made made) const;

    fetch::Desk& desk() const { return desk_; }
    std::chrono::milliseconds timeout() const { return timeout_; }
    /// As others write it: without a default port.
    std::string url() const { return config::issuer_url(client_->url()); }

  private:
    Provider(fetch::Desk& desk, std::unique_ptr<fetch::Client> client, std::chrono::milliseconds timeout)
        : desk_(desk), client_(std::move(client)), timeout_(timeout) {}

    fetch::Desk& desk_;
    std::unique_ptr<fetch::Client> client_;
    std::chrono::milliseconds timeout_;
    ClockWatch clock_;
};

}  // namespace adit::credential
