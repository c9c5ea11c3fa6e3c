// Splitting of URLs; see url.h.
#include "connector/config/url.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "common/net/address.h"

namespace adit::config {

Result<Url> parse_url(std::string_view text) {
    const std::size_t scheme = text.find("://");
    if (!text.starts_with("http://") && !text.starts_with("https://")) {
        return usage_error("it begins with https:// or http://");
    }
    const std::size_t end = std::min(text.find_first_of("/?#", scheme + 3), text.size());
    std::string target(text.substr(end));
    // RFC 3986 §2: all else is percent-encoded; the lines of our request depend on it.
    static constexpr std::string_view kNever = "\"<>\\^`{|}#";
    if (!std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F && !kNever.contains(c); })) {
        return usage_error("it has a character that needs escaping, or a fragment");
    }
    auto origin = parse_endpoint(text.substr(0, end));
    if (!origin) {
        return std::unexpected(std::move(origin.error()));
    }
    return Url{std::move(*origin), target.starts_with('/') ? target : "/" + target};
}

bool Url::is_safe() const {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(origin.host, no_address);
    return origin.scheme == Endpoint::Scheme::https || net::is_localhost(origin.host) ||
           (!no_address && address.is_loopback());
}

Result<Url> parse_trusted_url(std::string_view text) {
    auto url = parse_url(text);
    if (url && !url->is_safe()) {
        return usage_error("it decides whom we trust: it must be https (http is for this machine alone)");
    }
    return url;
}

}  // namespace adit::config
