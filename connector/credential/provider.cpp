// Exchanges with providers; see provider.h.
#include "connector/credential/provider.h"

#include <algorithm>

#include "common/log/log.h"
#include "connector/http/date.h"

namespace adit::credential {
namespace {

constexpr std::chrono::seconds kSkewMost{30};  ///< between a provider's clock and ours, without a word

}  // namespace

Result<std::shared_ptr<Provider>> Provider::make(fetch::Desk& desk, const config::TokenEndpoint& endpoint,
                                                 const config::Endpoint& otherwise) {
    auto client = desk.client(endpoint, otherwise);
    if (!client) {
        return std::unexpected(std::move(client.error()));
    }
    return std::shared_ptr<Provider>(new Provider(desk, std::move(*client), endpoint.timeout));
}

net::Task<std::expected<fetch::Reply, fetch::Trouble>> Provider::ask(fetch::Request request, net::Time deadline,
                                                                     Secrets secrets) {
    auto reply = co_await client_->ask(std::move(request), std::min(deadline, net::Clock::now() + timeout_));
    if (!reply) {
        co_return passing(without_secrets(reply.error().detail, secrets));
    }
    clock_.mind(*reply, url());
    if (reply->status != 200) {
        co_return std::unexpected(name(trouble_of(*reply, secrets)));
    }
    co_return std::move(*reply);
}

void ClockWatch::mind(const fetch::Reply& reply, const std::string& url) {
    const auto theirs = http::parse_date(reply.field("date"));
    if (!theirs) {
        return;
    }
    const auto ahead = std::chrono::round<std::chrono::seconds>(std::chrono::system_clock::now() - *theirs);
    const bool differs = std::chrono::abs(ahead) > kSkewMost;
    if (differs && !differs_) {
        logging::warn("this machine's clock and a provider's differ",
                      {{"provider", url}, {"ahead_seconds", ahead.count()}});
    }
    differs_ = differs;
}

fetch::Trouble Provider::name(fetch::Trouble trouble) const {
    trouble.words = url() + ": " + trouble.words;
    return trouble;
}

fetch::Made Provider::name(fetch::Made made) const {
    if (made) {
        return made;
    }
    return std::unexpected(name(std::move(made.error())));
}

}  // namespace adit::credential
