// Keys of callers; see caller_key.h.
#include "connector/policy/caller_key.h"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>

namespace adit::policy {
namespace {

constexpr std::string_view name_of(CallerKey::Of of) {
    switch (of) {
        case CallerKey::Of::consumer:
            return "consumer";
        case CallerKey::Of::client_ip:
            return "client_ip";
        case CallerKey::Of::api_key:
            return "api_key";
        case CallerKey::Of::header:
            return "header";
        case CallerKey::Of::claim:
            return "claim";
        case CallerKey::Of::route:
            return "route";
        case CallerKey::Of::all:
            return "all";
    }
    return {};
}

}  // namespace

CallerKey::CallerKey(const config::RateLimit::Key& by, const Asker& asker) : of_(by.of) {
    find(by, asker);
    if (of_ == Of::client_ip) {
        be_address(asker.client_ip);
    }
}

/// Leaves of_ at client_ip where there is nothing else to tell by.
void CallerKey::find(const config::RateLimit::Key& by, const Asker& asker) {
    const access::Caller* caller =
        asker.caller == nullptr || asker.caller->consumer == access::kAnonymous ? nullptr : asker.caller;
    of_ = Of::client_ip;
    switch (by.of) {
        case Of::client_ip:
            return;
        case Of::consumer:
        case Of::api_key:
            if (caller == nullptr) {
                return;
            }
            one_ = caller->consumer;
            two_ = by.of == Of::consumer ? std::string_view(caller->environment) : caller->by;
            break;
        case Of::header: {
            const http::Field* field = asker.request.find(by.name);
            if (field == nullptr) {
                return;
            }
            one_ = field->value;
            break;
        }
        case Of::claim: {
            if (caller == nullptr) {
                return;
            }
            const auto claim = caller->attributes.find(by.name);
            if (claim == caller->attributes.end()) {
                return;
            }
            one_ = claim->second;
            break;
        }
        case Of::route:
            one_ = asker.route;
            break;
        case Of::all:
            break;
    }
    of_ = by.of;
}

void CallerKey::be_address(std::string_view ip) {
    one_ = ip;
    if (!ip.contains(':')) {
        return;
    }
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address_v6(std::string(ip), bad);
    if (!bad && !address.is_v4_mapped()) {
        const auto bytes = address.to_bytes();
        std::copy_n(bytes.begin(), network_.size(), network_.begin());
        one_ = std::string_view(network_.data(), network_.size());
        is_network_ = true;
    }
}

std::uint64_t CallerKey::hash(const KeyedHash<>& hash) const {
    // The kind first, so that a consumer with the name of an address is not that address.
    const std::uint64_t first = hash(one_, static_cast<std::uint64_t>(of_) + 1);
    return two_.empty() ? first : hash(two_, first);
}

std::string CallerKey::text() const {
    std::string text(name_of(of_));
    if (is_network_) {
        boost::asio::ip::address_v6::bytes_type bytes{};
        std::ranges::copy(network_, bytes.begin());
        return text.append(" ").append(boost::asio::ip::address_v6(bytes).to_string()).append("/64");
    }
    if (!one_.empty()) {
        text.append(" ").append(one_);
    }
    if (!two_.empty()) {
        text.append("/").append(two_);
    }
    return text;
}

std::string CallerKey::shown() const {
    return of_ == Of::header || of_ == Of::claim ? std::string(name_of(of_)) : text();
}

}  // namespace adit::policy
