// One exchange at a time with a collector; see post_client.h.
#include "connector/telemetry/post_client.h"

#include "connector/backend/direct_dialer.h"
#include "connector/backend/tls_dialer.h"

namespace adit::telemetry {
namespace {

/// What errors call it: the path may be what the collector knows its senders by.
config::Endpoint without_path(config::Endpoint url) {
    url.base_path.clear();
    return url;
}

fetch::Client::Open way_to(net::Loop& loop, net::Resolver& resolver, const config::Endpoint& url,
                           std::shared_ptr<const tls::Context> context) {
    return [&loop, &resolver, url, context = std::move(context)] {
        auto direct =
            std::make_unique<backend::DirectDialer>(loop, resolver, net::HostPort{url.host, url.port}, url.base_path,
                                                    url.scheme == config::Endpoint::Scheme::https);
        return fetch::Client::Means{&loop, std::make_unique<backend::TlsDialer>(
                                               std::move(direct), context, std::string(), without_path(url).text())};
    };
}

}  // namespace

PostClient::PostClient(net::Loop& loop, net::Resolver& resolver, Target target)
    : headers_(std::move(target.headers)),
      client_(without_path(target.url), way_to(loop, resolver, target.url, target.tls),
              fetch::Client::Connections::kept) {}

net::Task<PostClient::Reply> PostClient::post(std::string_view body, net::Time deadline) {
    fetch::Request request;
    request.method = "POST";
    request.fields = {{"content-type", "application/json"}};
    request.body = body;
    request.head_suffices = true;
    request.fields.insert(request.fields.end(), headers_.begin(), headers_.end());
    const auto reply = co_await client_.ask(std::move(request), deadline);
    if (!reply) {
        co_return Reply{0, {}, reply.error().detail};
    }
    co_return Reply{reply->status, std::string(reply->field("retry-after")), "status " + std::to_string(reply->status)};
}

}  // namespace adit::telemetry
