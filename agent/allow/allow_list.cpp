// Patterns and verdicts; see allow_list.h.
#include "agent/allow/allow_list.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/strings.h"

namespace adit::agent {
namespace ip = boost::asio::ip;
namespace {

/// IPv4 in IPv6 clothes is judged as what it is.
ip::address plain(const ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    }
    return address;
}

bool in_network(const ip::address& address, const ip::address& network, unsigned prefix) {
    if (address.is_v4() != network.is_v4()) {
        return false;
    }
    const auto same_bits = [prefix](const auto& a, const auto& b) {
        for (unsigned bit = 0; bit < prefix; ++bit) {
            const unsigned mask = 0x80U >> (bit % 8);
            if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    };
    return address.is_v4() ? same_bits(address.to_v4().to_bytes(), network.to_v4().to_bytes())
                           : same_bits(address.to_v6().to_bytes(), network.to_v6().to_bytes());
}

struct Special {
    ip::address network;
    unsigned prefix;
    const char* what;
};

/// Places that a name in DNS must not lead to unless the operator wrote the address down.
const std::vector<Special>& specials() {
    static const auto at = [](const char* text) { return ip::make_address(text); };
    static const std::vector<Special> all{
        {at("169.254.0.0"), 16, "a link-local address (cloud metadata services live there)"},
        {at("fe80::"), 10, "a link-local address"},
        {at("fd00:ec2::254"), 128, "a cloud metadata service"},   // AWS, instances
        {at("fd00:ec2::23"), 128, "a cloud metadata service"},    // AWS, container credentials
        {at("fd20:ce::254"), 128, "a cloud metadata service"},    // Google Cloud
        {at("100.100.100.200"), 32, "a cloud metadata service"},  // Alibaba Cloud
        {at("168.63.129.16"), 32, "a cloud metadata service"},    // Azure
        {at("192.0.0.192"), 32, "a cloud metadata service"},      // Oracle Cloud
        {at("0.0.0.0"), 8, "an unspecified address"},
        {at("::"), 128, "an unspecified address"},
        {at("224.0.0.0"), 4, "a multicast address"},
        {at("ff00::"), 8, "a multicast address"},
        {at("255.255.255.255"), 32, "the broadcast address"},
    };
    return all;
}

/// Networks of IPv6 whose addresses lead to one of IPv4 that is written in them.
struct Embedding {
    ip::address network;
    unsigned prefix;
    std::array<std::size_t, 4> at;  ///< its bytes
    bool certain = true;            ///< else something else may stand there, which reads as 0.0.0.0/8
    std::uint8_t flipped = 0;       ///< bits that are turned over there
};

const std::vector<Embedding>& embeddings() {
    static const auto network = [](const char* text) { return ip::make_address(text); };
    constexpr std::array<std::size_t, 4> kLast{12, 13, 14, 15};
    static const std::vector<Embedding> all{
        {network("64:ff9b::"), 96, kLast},  // NAT64, RFC 6052 §2.1
        // NAT64 of a site, RFC 8215: which of the lengths of RFC 6052 §2.2 its prefix has is the site's affair.
        {network("64:ff9b:1::"), 48, kLast, false},
        {network("64:ff9b:1::"), 48, {6, 7, 9, 10}, false},
        {network("64:ff9b:1::"), 48, {7, 9, 10, 11}, false},
        {network("64:ff9b:1::"), 48, {9, 10, 11, 12}, false},
        {network("::ffff:0:0:0"), 96, kLast},        // SIIT, RFC 2765 §2.1
        {network("::"), 96, kLast, false},           // IPv4-compatible, RFC 4291 §2.5.5.1
        {network("2002::"), 16, {2, 3, 4, 5}},       // 6to4, RFC 3056 §2
        {network("2001::"), 32, {4, 5, 6, 7}},       // Teredo's server, RFC 4380 §4
        {network("2001::"), 32, kLast, true, 0xff},  // and its client
    };
    return all;
}

/// ISATAP marks the interface, in whichever network (RFC 5214 §6.1).
bool is_isatap(const ip::address_v6::bytes_type& bytes) {
    return (bytes[8] & ~0x02U) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

/// The IPv4 addresses that this IPv6 address may lead to.
std::vector<ip::address> embedded(const ip::address& address) {
    std::vector<ip::address> found;
    if (address.is_v4()) {
        return found;
    }
    const ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
    const auto look = [&](const Embedding& one) {
        ip::address_v4::bytes_type inner;
        std::ranges::transform(one.at, inner.begin(),
                               [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i] ^ one.flipped); });
        if (one.certain || inner[0] != 0) {
            found.emplace_back(ip::address_v4(inner));
        }
    };
    for (const Embedding& one : embeddings()) {
        if (in_network(address, one.network, one.prefix)) {
            look(one);
        }
    }
    if (is_isatap(bytes)) {
        look({{}, 0, {12, 13, 14, 15}});
    }
    return found;
}

const Special* special(const ip::address& address) {
    std::vector<ip::address> reached = embedded(address);
    reached.push_back(address);
    const auto found = std::ranges::find_if(specials(), [&](const Special& entry) {
        return std::ranges::any_of(
            reached, [&](const ip::address& one) { return in_network(one, entry.network, entry.prefix); });
    });
    return found == specials().end() ? nullptr : &*found;
}

bool parse_number(std::string_view text, unsigned most, unsigned& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number <= most;
}

bool parse_ports(std::string_view text, std::uint16_t& first, std::uint16_t& last) {
    unsigned low = 1;
    unsigned high = 65535;
    if (text != "*") {
        const std::size_t dash = text.find('-');
        const bool range = dash != std::string_view::npos;
        if (!parse_number(text.substr(0, dash), 65535, low) || low == 0) {
            return false;
        }
        high = low;
        if (range && (!parse_number(text.substr(dash + 1), 65535, high) || high < low)) {
            return false;
        }
    }
    first = static_cast<std::uint16_t>(low);
    last = static_cast<std::uint16_t>(high);
    return true;
}

std::string target_text(const std::string& host, std::uint16_t port) {
    return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// Lower case, without the dot that makes a name absolute. Both are one name to a pattern; to a resolver with a search
/// list they are not, see name_to_resolve().
std::string canonical_name(std::string_view host) {
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return to_lower(host);
}

/// Names whose last label is a number are addresses that somebody mistyped, such as 10.0.0.300.
bool could_be_name(std::string_view name) {
    const std::string_view last = name.substr(name.rfind('.') + 1);
    return !name.empty() && name.find("..") == std::string_view::npos &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string_view::npos &&
           last.find_first_not_of("0123456789") != std::string_view::npos;
}

/// Takes the brackets off "[address]" and "[address]/prefix"; false when they are not where they belong.
bool unbracket(std::string& host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        if (end == std::string::npos) {
            return false;
        }
        host.erase(end, 1).erase(0, 1);
    } else if (host.find(':') != std::string::npos) {
        return false;
    }
    return host.find_first_of("[]") == std::string::npos;
}

/// The first address of the block that `address` lies in.
bool begins_block(const ip::address& address, unsigned prefix) {
    const auto rest_is_zero = [prefix](const auto& bytes) {
        for (unsigned bit = prefix; bit < bytes.size() * 8; ++bit) {
            if ((bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) {
                return false;
            }
        }
        return true;
    };
    return address.is_v4() ? rest_is_zero(address.to_v4().to_bytes()) : rest_is_zero(address.to_v6().to_bytes());
}

}  // namespace

Result<AllowPattern> AllowPattern::parse(std::string_view text) {
    const auto wrong = [&](std::string_view why) {
        return usage_error("'" + std::string(text) + "' is not an allow pattern: " + std::string(why) +
                           "; expected HOST:PORT, such as payments.internal:8080, *.svc.local:443, 10.0.0.0/8:8080, "
                           "[fd00::]/8:* or host:8000-8999");
    };
    AllowPattern pattern;
    pattern.text_ = std::string(text);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || text.back() == ']') {
        return wrong("the port is missing");
    }
    if (!parse_ports(text.substr(colon + 1), pattern.first_port_, pattern.last_port_)) {
        return wrong("the port must be a number, a range or *");
    }
    std::string host(text.substr(0, colon));
    if (!unbracket(host)) {
        return wrong("an IPv6 address is written in brackets, [fd00::1]:8080");
    }
    const std::size_t slash = host.find('/');
    boost::system::error_code not_ip;
    const ip::address network = ip::make_address(host.substr(0, slash), not_ip);
    if (!not_ip) {
        return pattern.set_network(network,
                                   slash == std::string::npos ? std::nullopt : std::optional(host.substr(slash + 1)))
                   ? Result<AllowPattern>(std::move(pattern))
                   : wrong("the prefix length does not fit the address, or bits are set behind it");
    }
    if (slash != std::string::npos || host.find(':') != std::string::npos) {
        return wrong("the address block is not valid");
    }
    pattern.suffix_ = host.starts_with("*.");
    pattern.name_ = canonical_name(pattern.suffix_ ? std::string_view(host).substr(1) : std::string_view(host));
    if (!could_be_name(pattern.name_) || (!pattern.suffix_ && pattern.name_.starts_with('.'))) {
        return wrong("the host is neither a name, *.suffix, an IP address nor a CIDR block");
    }
    return pattern;
}

bool AllowPattern::set_network(const ip::address& network, const std::optional<std::string>& prefix) {
    network_ = plain(network);
    prefix_ = network_->is_v4() ? 32 : 128;
    return !prefix || (parse_number(*prefix, prefix_, prefix_) && begins_block(*network_, prefix_));
}

bool AllowPattern::matches_name(std::string_view host, std::uint16_t port) const {
    if (name_.empty() || !port_fits(port)) {
        return false;
    }
    const std::string name = canonical_name(host);
    return suffix_ ? name.size() > name_.size() && name.ends_with(name_) : name == name_;
}

bool AllowPattern::matches_address(const ip::address& address, std::uint16_t port) const {
    return network_ && port_fits(port) && in_network(plain(address), *network_, prefix_);
}

bool AllowPattern::names_address(const ip::address& address, std::uint16_t port) const {
    if (!matches_address(address, port)) {
        return false;
    }
    const Special* of_network = special(*network_);
    return of_network != nullptr && prefix_ >= (!embedded(*network_).empty() ? 128 : of_network->prefix);
}

std::optional<std::string> AllowPattern::only_target() const {
    const bool one_address = network_ && prefix_ == (network_->is_v4() ? 32U : 128U);
    if (suffix_ || first_port_ != last_port_ || (network_ && !one_address)) {
        return std::nullopt;
    }
    return target_text(network_ ? network_->to_string() : name_, first_port_);
}

AllowList::Verdict AllowList::check_name(const std::string& host, std::uint16_t port) const {
    boost::system::error_code not_ip;
    const ip::address literal = ip::make_address(host, not_ip);
    if (!not_ip) {
        return check_address(literal, host, port);
    }
    const bool possible = std::ranges::any_of(patterns_, [&](const AllowPattern& pattern) {
        return pattern.matches_name(host, port) || pattern.matches_any_address(port);
    });
    if (possible) {
        return {};
    }
    const std::string target = target_text(host, port);
    return std::unexpected(target + " is not in this agent's allow list; to allow it start the agent with --allow " +
                           target);
}

std::string AllowList::name_to_resolve(const std::string& host, std::uint16_t port) const {
    const auto by_name = [&](const AllowPattern& pattern) { return pattern.matches_name(host, port); };
    const auto as_written = [&](const AllowPattern& pattern) { return pattern.is_name(host, port); };
    const bool by_suffix_only = std::ranges::any_of(patterns_, by_name) && std::ranges::none_of(patterns_, as_written);
    return by_suffix_only && !host.ends_with('.') ? host + "." : host;
}

AllowList::Verdict AllowList::check_address(const ip::address& given, const std::string& host,
                                            std::uint16_t port) const {
    const ip::address address = plain(given);
    const std::string target = target_text(host, port);
    const std::string by_address = target_text(address.to_string(), port);
    if (const Special* what = special(address)) {
        const bool named = std::ranges::any_of(
            patterns_, [&](const AllowPattern& pattern) { return pattern.names_address(address, port); });
        if (named) {
            return {};
        }
        return std::unexpected(target + " leads to " + address.to_string() + ", " + what->what +
                               ", which is refused unless it is allowed by address: --allow " + by_address);
    }
    const bool allowed = std::ranges::any_of(patterns_, [&](const AllowPattern& pattern) {
        return pattern.matches_name(host, port) || pattern.matches_address(address, port);
    });
    if (allowed) {
        return {};
    }
    return std::unexpected(target + (by_address == target ? "" : " (" + address.to_string() + ")") +
                           " is not in this agent's allow list; to allow it start the agent with --allow " + target);
}

std::vector<std::string> AllowList::texts() const {
    std::vector<std::string> texts;
    texts.reserve(patterns_.size());
    for (const AllowPattern& pattern : patterns_) {
        texts.push_back(pattern.text());
    }
    return texts;
}

}  // namespace adit::agent
