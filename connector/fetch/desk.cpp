// The ways to providers: directly, by a proxy, by a tunnel; see desk.h.
#include "connector/fetch/desk.h"

#include <utility>

#include "common/net/proxy_environment.h"
#include "connector/backend/direct_dialer.h"
#include "connector/backend/tls_dialer.h"
#include "connector/fetch/proxy_dialer.h"

namespace adit::fetch {
namespace {

constexpr std::string_view kService = "service://";

bool is_secure(const config::Endpoint& url) {
    return url.scheme == config::Endpoint::Scheme::https;
}

/// A service's streams, for the authority, path and certificate of a URL: the tunnel says where the bytes go, the URL
/// who must answer.
class ServiceDialer final : public backend::Dialer {
  public:
    ServiceDialer(std::unique_ptr<backend::Dialer> service, backend::DirectDialer url)
        : service_(std::move(service)), url_(std::move(url)) {}

    std::expected<backend::Way, problem::Failure> choose() override {
        auto way = service_->choose();
        if (way) {
            const backend::Way as = *url_.choose();
            way->authority = as.authority;
            way->base_path = as.base_path;
            way->tls_name = as.tls_name;
        }
        return way;
    }
    net::Task<bool> await_way(net::Time deadline) override { return service_->await_way(deadline); }
    net::Task<backend::Dialled> dial(const backend::Way& way, backend::Versions versions, net::Time deadline) override {
        return service_->dial(way, versions, deadline);
    }

  private:
    std::unique_ptr<backend::Dialer> service_;
    backend::DirectDialer url_;  ///< dials nothing
};

/// What the configuration says of proxies for this URL; nothing: it is dialled without.
Result<std::optional<net::Proxy>> proxy_for(const config::TokenEndpoint& endpoint, const config::Endpoint& url) {
    if (endpoint.through.empty() || endpoint.through.starts_with(kService)) {
        return std::nullopt;
    }
    auto environment = endpoint.through == "environment" ? net::ProxyEnvironment::from_process()
                                                         : net::ProxyEnvironment::parse(endpoint.through, "");
    if (!environment) {
        return std::unexpected(std::move(environment.error()));
    }
    return environment->for_target(url.host, url.port);
}

}  // namespace

void Desk::open(net::Worker& home, ThroughTunnel through_tunnel) {
    home_ = &home;
    opened_ = true;
    through_tunnel_ = std::move(through_tunnel);
    for (auto& function : std::exchange(early_, {})) {
        home.post(std::move(function));
    }
}

void Desk::post(std::function<void()> function) {
    if (home_ != nullptr) {
        home_->post(std::move(function));
    } else if (!opened_) {
        early_.push_back(std::move(function));
    }
}

Result<std::unique_ptr<Client>> Desk::client(const config::TokenEndpoint& endpoint,
                                             const config::Endpoint& otherwise) const {
    const config::Endpoint url = endpoint.url.value_or(otherwise);
    std::shared_ptr<const tls::Context> context;
    if (is_secure(url)) {
        auto made = tls::Context::origin(endpoint.ca, {}, {});
        if (!made) {
            return std::unexpected(std::move(made.error()));
        }
        context = std::make_shared<const tls::Context>(std::move(*made));
    }
    auto proxy = proxy_for(endpoint, url);
    if (!proxy) {
        return std::unexpected(std::move(proxy.error()));
    }
    const std::string service =
        endpoint.through.starts_with(kService) ? endpoint.through.substr(kService.size()) : std::string();
    if (!service.empty() && opened_ && !through_tunnel_) {
        return failure("there are no tunnels here, so " + endpoint.through + " leads nowhere");
    }
    auto open = [this, url, context, service, proxy = std::move(*proxy)] {
        const net::HostPort target{url.host, url.port};
        std::unique_ptr<backend::Dialer> dialer;
        if (!service.empty()) {
            backend::DirectDialer as(loop(), resolver_, target, url.base_path, is_secure(url));
            dialer = std::make_unique<ServiceDialer>(through_tunnel_(service), std::move(as));
        } else if (proxy) {
            dialer = std::make_unique<ProxyDialer>(loop(), resolver_, *proxy, target, url.base_path, is_secure(url));
        } else {
            dialer = std::make_unique<backend::DirectDialer>(loop(), resolver_, target, url.base_path, is_secure(url));
        }
        if (context) {
            dialer = std::make_unique<backend::TlsDialer>(std::move(dialer), context, std::string(), url.text());
        }
        return Client::Means{&loop(), std::move(dialer)};
    };
    return std::make_unique<Client>(url, std::move(open), Client::Connections::one_each);
}

}  // namespace adit::fetch
