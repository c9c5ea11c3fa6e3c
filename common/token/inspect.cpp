// What a token says about itself, without its secret; see token.h.
#include <boost/json.hpp>

#include "common/token/token.h"

namespace adit::token {
namespace {

/// The fingerprint of the token's own key: what the connector's store knows it by.
std::string own_fingerprint(const Token& token) {
    const auto key = tls::PrivateKey::from_seed(token.seed);
    return key ? key->spki().text() : std::string();
}

/// Members of the row, as one address range.
std::string row_text(const WireGuard& part) {
    return part.address(0).to_string() + " (lobby), " + part.address(1).to_string() + " to " +
           part.address(part.seats).to_string() + " (seats) of a /" + std::to_string(part.prefix);
}

std::string wireguard_text(const WireGuard& part) {
    std::string out;
    for (const net::HostPort& endpoint : part.endpoints) {
        out += "wireguard    " + endpoint.text() + " (UDP)\n";
    }
    out += "peer         " + part.peer.text() + "\n";
    out += "inside       " + part.connector.text() + ", MTU " + std::to_string(part.mtu) + "\n";
    out += "addresses    " + row_text(part) + "\n";
    return out;
}

boost::json::object wireguard_json(const WireGuard& part) {
    boost::json::array endpoints;
    for (const net::HostPort& endpoint : part.endpoints) {
        endpoints.emplace_back(endpoint.text());
    }
    return {{"endpoints", std::move(endpoints)},
            {"connector_public_key", part.peer.text()},
            {"connector", part.connector.text()},
            {"first_address", part.first_address.to_string()},
            {"prefix", part.prefix},
            {"seats", part.seats},
            {"mtu", part.mtu}};
}

}  // namespace

std::string inspect_text(const Token& token) {
    std::string out = "tunnel       " + token.tunnel_name + " (" + token.tunnel_id + ")\n";
    out += "key          " + token.key_id + "\n";
    out += "fingerprint  " + own_fingerprint(token) + "\n";
    for (const std::string& address : token.addresses) {
        out += "connector    " + address + "\n";
    }
    for (const tls::Spki& pin : token.pins) {
        out += "pin          " + pin.text() + "\n";
    }
    if (token.pins.empty() && !token.addresses.empty()) {
        out += "pin          none: the connector's certificate must be valid for its name under a public CA\n";
    }
    if (token.wireguard) {
        out += wireguard_text(*token.wireguard);
    }
    if (token.expires) {
        const bool past = *token.expires <= std::chrono::system_clock::now();
        out += "expires      " + format_time(*token.expires) + (past ? " (in the past)" : "") + "\n";
    }
    return out;
}

std::string inspect_json(const Token& token) {
    namespace json = boost::json;
    json::array pins;
    for (const tls::Spki& pin : token.pins) {
        pins.emplace_back(pin.text());
    }
    json::object out{{"version", 1},
                     {"tunnel_id", token.tunnel_id},
                     {"tunnel_name", token.tunnel_name},
                     {"key", token.key_id},
                     {"spki_sha256", own_fingerprint(token)},
                     {"connectors", json::array(token.addresses.begin(), token.addresses.end())},
                     {"pins", std::move(pins)}};
    if (token.expires) {
        out["expires"] = format_time(*token.expires);
    }
    if (token.wireguard) {
        out["wireguard"] = wireguard_json(*token.wireguard);
    }
    return json::serialize(out) + "\n";
}

}  // namespace adit::token
