// Which targets an agent may be asked to dial: the operator's own list, which nothing from the network can widen. Pure.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace adit::agent {

/// One entry: HOST:PORT, where HOST is a name, "*.suffix", an IP address or a CIDR block, and PORT a number, a range
/// "8000-8999" or "*". IPv6 in brackets: [fd00::/8]:* or [fd00::]/8:*. A "*.suffix" covers names of any depth below the
/// suffix, not the suffix itself, and is about names as they are written: see AllowList::name_to_resolve().
class AllowPattern {
  public:
    static Result<AllowPattern> parse(std::string_view text);

    bool matches_name(std::string_view host, std::uint16_t port) const;
    /// As matches_name(), by a pattern that is this one name.
    bool is_name(std::string_view host, std::uint16_t port) const { return !suffix_ && matches_name(host, port); }
    bool matches_address(const boost::asio::ip::address& address, std::uint16_t port) const;
    /// The pattern allows some addresses at this port, so a name may turn out to be allowed.
    bool matches_any_address(std::uint16_t port) const { return network_ && port_fits(port); }
    /// The pattern names this address itself, or a block that consists of nothing but special addresses.
    bool names_address(const boost::asio::ip::address& address, std::uint16_t port) const;
    const std::string& text() const { return text_; }
    /// "host:port" when the pattern covers nothing but that; else there are many or unknown targets.
    std::optional<std::string> only_target() const;

  private:
    /// False when the prefix is no number that fits, or the address has bits set behind it (a mistyped block).
    bool set_network(const boost::asio::ip::address& network, const std::optional<std::string>& prefix);
    bool port_fits(std::uint16_t port) const { return port >= first_port_ && port <= last_port_; }

    std::string text_;
    std::string name_;     ///< lower case; empty for addresses
    bool suffix_ = false;  ///< name_ is what follows "*"
    std::optional<boost::asio::ip::address> network_;
    unsigned prefix_ = 0;
    std::uint16_t first_port_ = 0;
    std::uint16_t last_port_ = 0;
};

/// The whole list; default deny.
class AllowList {
  public:
    using Verdict = std::expected<void, std::string>;  ///< the denial in words that say what would allow it

    explicit AllowList(std::vector<AllowPattern> patterns) : patterns_(std::move(patterns)) {}

    /// Before resolution: whether any pattern could allow the target. A name may still be allowed by its address.
    Verdict check_name(const std::string& host, std::uint16_t port) const;
    /// What to resolve for an allowed target: `host`, with a final dot where only a "*.suffix" allows it. Such a name
    /// must not be completed by a search list, which would lead outside the suffix. A name that the operator wrote out
    /// is resolved as it stands, since "service.namespace" in a cluster means what the search list makes of it.
    std::string name_to_resolve(const std::string& host, std::uint16_t port) const;
    /// After resolution: whether this very address may be dialled for the target. Link-local addresses, cloud metadata
    /// services, unspecified, multicast and broadcast addresses need a pattern that names them by address.
    Verdict check_address(const boost::asio::ip::address& address, const std::string& host, std::uint16_t port) const;

    const std::vector<AllowPattern>& patterns() const { return patterns_; }
    std::vector<std::string> texts() const;

  private:
    std::vector<AllowPattern> patterns_;
};

}  // namespace adit::agent
