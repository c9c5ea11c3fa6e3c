// Reading targets and looking them up; see target.h.
#include "connector/proxy/target.h"

#include <charconv>

#include "common/base/strings.h"
#include "connector/http/authority.h"
#include "connector/route/path.h"

namespace adit::proxy {
namespace {

constexpr std::uint16_t kHttp = 80;
constexpr std::uint16_t kHttps = 443;

problem::Failure not_for_a_proxy() {
    return problem::bad_request(400, "not-a-proxy-request",
                                "this listener is a forward proxy: it takes CONNECT host:port and the absolute form of "
                                "http:// URLs, and serves nothing itself");
}

problem::Failure use_connect() {
    return problem::bad_request(400, "use-connect",
                                "https:// URLs are reached by CONNECT host:port, so that TLS ends at the origin");
}

std::expected<net::HostPort, problem::Failure> read_authority(std::string_view authority, std::uint16_t otherwise) {
    const std::string_view host = http::host_of(authority);
    std::string_view digits = authority.substr(host.size());
    std::uint16_t port = otherwise;
    if (digits.size() > 1) {
        digits.remove_prefix(1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
            return std::unexpected(problem::bad_target("the port of the target is not one of 1 to 65535"));
        }
    }
    const bool bracketed = host.starts_with('[');
    return net::HostPort{std::string(bracketed ? host.substr(1, host.size() - 2) : host), port};
}

/// Whether the service is there for that path, and what of it follows the base path.
bool reaches(const tunnel::ServiceEntry& service, const Target& target, std::string_view& rest) {
    const std::string_view base = service.base_path;
    rest = target.path;
    if (base.empty() || target.connect) {
        return base.empty();
    }
    if (!rest.starts_with(base) || (rest.size() > base.size() && rest[base.size()] != '/')) {
        return false;
    }
    rest.remove_prefix(base.size());
    return true;
}

/// The service that a host below kServices names, or null.
const tunnel::ServiceEntry* named(const tunnel::Table& table, const net::HostPort& target) {
    std::string host = to_lower(target.host);
    if (host.ends_with('.')) {
        host.pop_back();
    }
    if (!host.ends_with(kServices) || (target.port != kHttp && target.port != kHttps)) {
        return nullptr;
    }
    return table.service(std::string_view(host).substr(0, host.size() - kServices.size()));
}

}  // namespace

std::expected<Target, problem::Failure> target_of(const http::RequestHead& request) {
    Target target;
    target.connect = request.form == http::TargetForm::authority;
    if (!target.connect && request.form != http::TargetForm::absolute) {
        return std::unexpected(not_for_a_proxy());
    }
    if (!target.connect && !iequals(request.scheme, "http")) {
        return std::unexpected(use_connect());
    }
    auto at = read_authority(request.authority, kHttp);
    if (!at) {
        return std::unexpected(std::move(at.error()));
    }
    target.at = std::move(*at);
    if (target.connect || request.path == "*") {
        target.path = request.path;
        return target;
    }
    std::string scratch;
    const auto path = route::normalise_path(request.path, scratch);
    if (!path) {
        return std::unexpected(problem::bad_request(
            400, "bad-path", "the path was refused: " + std::string(route::describe(path.error()))));
    }
    target.path = *path;
    return target;
}

std::vector<Candidate> candidates(const tunnel::Table& table, const Target& target) {
    std::vector<Candidate> found;
    for (const tunnel::ServiceEntry* service : table.services_at(target.at)) {
        if (std::string_view rest; reaches(*service, target, rest)) {
            found.push_back({service, rest});
        }
    }
    if (!found.empty()) {
        return found;
    }
    if (const tunnel::ServiceEntry* service = named(table, target.at)) {
        if (service->base_path.empty() || target.path.starts_with('/')) {
            found.push_back({service, target.path});
        }
    }
    return found;
}

}  // namespace adit::proxy
