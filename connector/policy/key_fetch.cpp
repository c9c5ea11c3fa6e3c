// Fetching of key sets, with OpenID discovery; see key_fetch.h.
#include "connector/policy/key_fetch.h"

#include <charconv>

#include "common/base/file.h"
#include "connector/config/url.h"
#include "connector/fetch/tries.h"
#include "connector/policy/issuer_metadata.h"
#include "connector/policy/key_sets.h"

namespace adit::policy {
namespace {

using namespace std::chrono_literals;
using fetch::Made;
using fetch::Trouble;

constexpr std::chrono::milliseconds kFileLook = 2s;  ///< how often a file is looked at

/// An issuer that errs may come back any time: nothing about a key set is for good.
std::unexpected<Trouble> trouble(std::string words, std::optional<std::chrono::seconds> retry_after = {}) {
    return std::unexpected(Trouble{fetch::Fault::transient, std::move(words), retry_after});
}

Made keys_of(std::string_view document, const std::string& from, std::chrono::milliseconds life) {
    auto set = jose::KeySet::parse(document);
    if (!set) {
        return trouble(from + ": " + set.error().message);
    }
    auto keys = std::make_shared<Keys>(std::move(*set));
    keys->life = life;
    return keys;
}

std::optional<std::chrono::seconds> retry_after_of(const fetch::Reply& reply) {
    const std::string_view text = reply.field("retry-after");
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool good = !text.empty() && error == std::errc() && end == text.data() + text.size();
    return good ? std::optional(std::chrono::seconds(seconds)) : std::nullopt;
}

/// Lives in the fetch that it makes, on the desk's thread.
class Remote {
  public:
    Remote(fetch::Desk& desk, config::JwtPolicy policy) : desk_(desk), policy_(std::move(policy)) {}

    /// What can be known to be wrong before anything is fetched.
    Result<> prepare();
    static net::Task<Made> fetch(std::shared_ptr<Remote> self, net::Time deadline);
    fetch::Desk& desk() const { return desk_; }

  private:
    /// A client with the origin that it asks.
    struct Place {
        config::Endpoint origin;
        std::unique_ptr<fetch::Client> client;
    };
    using Document = std::expected<fetch::Reply, Trouble>;

    Result<> open(Place& place, const config::Url& url);
    net::Task<Document> get(Place& place, config::Url url, net::Time deadline);
    net::Task<std::expected<config::Url, Trouble>> discover(net::Time deadline);

    fetch::Desk& desk_;
    const config::JwtPolicy policy_;
    Place metadata_;
    Place keys_;
};

Result<> Remote::prepare() {
    const bool direct = !policy_.jwks_url.empty();
    auto url = config::parse_trusted_url(direct ? policy_.jwks_url : policy_.issuer);
    return url ? open(direct ? keys_ : metadata_, *url) : std::unexpected(std::move(url.error()));
}

Result<> Remote::open(Place& place, const config::Url& url) {
    if (place.client == nullptr || place.origin != url.origin) {
        auto client = desk_.client({.url = url.origin, .through = policy_.through, .ca = policy_.ca}, url.origin);
        if (!client) {
            return std::unexpected(std::move(client.error()));
        }
        place = {url.origin, std::move(*client)};
    }
    return {};
}

net::Task<Remote::Document> Remote::get(Place& place, config::Url url, net::Time deadline) {
    if (const auto opened = open(place, url); !opened) {
        co_return trouble(opened.error().message);
    }
    fetch::Request request;
    request.target = url.target;
    request.fields.emplace_back("accept", "application/json, application/jwk-set+json");
    auto reply = co_await place.client->ask(std::move(request), deadline);
    if (!reply) {
        co_return trouble(reply.error().detail);
    }
    if (reply->status >= 300 && reply->status < 400) {
        co_return trouble(url.text() + " answered " + std::to_string(reply->status) + "; redirects are not followed");
    }
    if (reply->status != 200 && reply->status != 404) {
        co_return trouble(url.text() + " answered " + std::to_string(reply->status), retry_after_of(*reply));
    }
    co_return std::move(*reply);
}

net::Task<std::expected<config::Url, Trouble>> Remote::discover(net::Time deadline) {
    const auto issuer = config::parse_trusted_url(policy_.issuer);
    if (!issuer) {
        co_return trouble(issuer.error().message);
    }
    config::Url from = openid_metadata(*issuer);
    Document document = co_await get(metadata_, from, deadline);
    if (document && document->status == 404) {
        from = oauth_metadata(*issuer);
        document = co_await get(metadata_, from, deadline);
    }
    if (!document) {
        co_return std::unexpected(std::move(document.error()));
    }
    if (document->status != 200) {
        co_return trouble(from.text() + " answered " + std::to_string(document->status));
    }
    auto url = key_set_url(document->body, from.text(), policy_.issuer);
    if (!url) {
        co_return trouble(std::move(url.error().message));
    }
    co_return std::move(*url);
}

net::Task<Made> Remote::fetch(std::shared_ptr<Remote> self, net::Time deadline) {
    std::expected<config::Url, Trouble> url;
    if (self->policy_.jwks_url.empty()) {
        url = co_await self->discover(deadline);
        if (!url) {
            co_return std::unexpected(std::move(url.error()));
        }
    } else {
        url = *config::parse_trusted_url(self->policy_.jwks_url);
    }
    Document document = co_await self->get(self->keys_, *url, deadline);
    if (!document) {
        co_return std::unexpected(std::move(document.error()));
    }
    if (document->status != 200) {
        co_return trouble(url->text() + " answered " + std::to_string(document->status));
    }
    co_return keys_of(document->body, url->text(), self->policy_.refresh);
}

net::Task<Made> fetch_remote(std::shared_ptr<Remote> remote, net::Time deadline) {
    const auto once = [remote](net::Time until) { return Remote::fetch(remote, until); };
    co_return co_await fetch::with_tries(remote->desk().loop(), once, config::defaults::token_timeout, deadline);
}

Made read_keys(const std::filesystem::path& file) {
    const auto text = read_file(file, jose::KeySet::kMost);
    return text ? keys_of(*text, file.string(), kFileLook) : trouble(text.error().message);
}

net::Task<Made> fetch_file(std::filesystem::path file) {
    co_return read_keys(file);
}

}  // namespace

Result<fetch::Fetch> key_fetch(fetch::Desk& desk, const config::JwtPolicy& policy) {
    if (!policy.jwks_file.empty()) {
        if (const Made now = read_keys(policy.jwks_file); !now) {
            return usage_error(now.error().words);
        }
        return [file = policy.jwks_file](net::Time) { return fetch_file(file); };
    }
    auto remote = std::make_shared<Remote>(desk, policy);
    if (auto prepared = remote->prepare(); !prepared) {
        return std::unexpected(std::move(prepared.error()));
    }
    return [remote](net::Time deadline) { return fetch_remote(remote, deadline); };
}

}  // namespace adit::policy
