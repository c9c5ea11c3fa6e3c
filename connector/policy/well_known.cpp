// Finding and serving documents of issuers; see well_known.h.
#include "connector/policy/well_known.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/config/issuers.h"

namespace adit::policy {
namespace {

using credential::kDiscoveryPath;
using credential::kKeySetPath;

/// RFC 9110 §13.1.2: a list of tags, compared weakly, or "*".
bool none_matches(const http::RequestHead& request, std::string_view etag) {
    const http::Field* field = request.find("if-none-match");
    if (field == nullptr) {
        return true;
    }
    return std::ranges::none_of(split_list(field->value, ','), [etag](std::string_view tag) {
        return tag == "*" || tag == etag || (tag.starts_with("W/") && tag.substr(2) == etag);
    });
}

/// The path of a document without what is its own; the same view where it is none's.
std::string_view base_of(std::string_view path) {
    for (const std::string_view ending : {kKeySetPath, kDiscoveryPath}) {
        if (path.ends_with(ending)) {
            return path.substr(0, path.size() - ending.size());
        }
    }
    return path;
}

bool is_authority(std::string_view asked, const WellKnown::Site& site) {
    if (asked.size() > site.authority.size()) {  // with the port that the URL leaves out
        const std::string_view port = asked.substr(site.authority.size());
        asked = port == ":443" || port == ":80" ? asked.substr(0, site.authority.size()) : asked;
    }
    return iequals(asked, site.authority);
}

}  // namespace

WellKnown::WellKnown(const credential::Issuers& issuers, ConnectorMetrics& metrics) {
    for (const auto& [name, issuer] : issuers) {
        Site site;
        site.name = "issuer " + name;
        site.base_path = issuer->settings().url.base_path;
        const std::string_view url = issuer->url();
        const std::string_view behind_scheme = url.substr(url.find("://") + 3);
        site.authority = behind_scheme.substr(0, behind_scheme.size() - site.base_path.size());
        site.issuer = issuer;
        site.metrics = metrics.route(site.name);
        sites_.push_back(std::move(site));
    }
    for (Site& site : sites_) {
        // Below no path at all, other hosts may have documents of these names, which routes lead to.
        site.by_host = site.base_path.empty() || std::ranges::count(sites_, site.base_path, &Site::base_path) > 1;
    }
}

const WellKnown::Site* WellKnown::find(std::string_view authority, std::string_view path) const {
    const std::string_view base = base_of(path);
    if (base.size() == path.size()) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(sites_, [&](const Site& site) {
        return site.base_path == base && (!site.by_host || is_authority(authority, site));
    });
    return found == sites_.end() ? nullptr : &*found;
}

net::Task<> WellKnown::answer(http::Exchange& exchange, const Site& site) {
    const http::RequestHead& request = exchange.request;
    const std::shared_ptr<const credential::IssuerDocuments> documents = site.issuer->documents();
    const credential::PublicDocument& document =
        request.path.ends_with(kKeySetPath) ? documents->key_set : documents->discovery;
    // Verifiers in browsers read it, too; there is nothing in it that depends on who asks.
    std::vector<http::Field> fields{{"access-control-allow-origin", "*"}};
    if (request.method == "OPTIONS") {
        fields.push_back({"access-control-allow-methods", "GET, HEAD"});
        fields.push_back({"access-control-allow-headers", "*"});
        co_return co_await exchange.answer(http::Exchange::Whole{204, {}, {}, std::move(fields)});
    }
    if (request.method != "GET" && request.method != "HEAD") {
        fields.push_back({"allow", "GET, HEAD, OPTIONS"});
        co_return co_await exchange.answer(http::Exchange::Whole{405, {}, {}, std::move(fields)});
    }
    fields.push_back({"cache-control", document.cache_control});
    fields.push_back({"etag", document.etag});
    if (!none_matches(request, document.etag)) {
        co_return co_await exchange.answer(http::Exchange::Whole{304, {}, {}, std::move(fields)});
    }
    co_await exchange.answer(http::Exchange::Whole{200, "application/json", document.content, std::move(fields)});
}

}  // namespace adit::policy
