// Writing the file of wg-quick(8); see wg_quick.h.
#include "common/token/wg_quick.h"

#include <algorithm>

namespace adit::token {
namespace {

constexpr unsigned kKeepalive = 25;  ///< seconds; as wg(8) advises behind NAT

/// Names of a token are only text: one that held a line break could add lines to the file, which wg-quick runs.
std::string in_a_comment(std::string text) {
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return text;
}

std::string alone(const boost::asio::ip::address& address) {
    return address.to_string() + (address.is_v4() ? "/32" : "/128");
}

}  // namespace

Result<Secret> wg_quick_file(const Token& token, unsigned seat) {
    if (!token.wireguard) {
        return usage_error(
            "this token has no WireGuard part: the connector's configuration had no tunnels.wireguard when it was "
            "made; 'adit-connector tunnel rotate-token' makes one that has");
    }
    const WireGuard& part = *token.wireguard;
    if (seat < 1 || seat > part.seats) {
        return usage_error("there is no seat " + std::to_string(seat) + ": this token has 1 to " +
                           std::to_string(part.seats));
    }
    const auto key = part.private_key(seat);
    if (!key) {
        return std::unexpected(key.error());
    }
    std::string out;
    out.reserve(4096);  // it does not move while it grows, so no secret stays behind
    out += "# Seat " + std::to_string(seat) + " of Adit's tunnel " + in_a_comment(token.tunnel_name) + " (" +
           in_a_comment(token.tunnel_id) + "), key " + in_a_comment(token.key_id) + ", for wg-quick(8).\n";
    out += "# It holds secrets: keep it at mode 0600. One client at a time can be in a seat; agents take them from " +
           std::to_string(part.seats) + " downwards.\n";
    out += "# Inside the network the connector takes sessions at " + part.connector.text() + ", by TCP.\n";
    out += "[Interface]\nPrivateKey = ";
    out += key->reveal();
    out += "\nAddress = " + alone(part.address(seat)) + "\nMTU = " + std::to_string(part.mtu) + "\n\n";
    out += "[Peer]\nPublicKey = " + part.peer.text() + "\nPresharedKey = ";
    out += part.preshared_key.reveal();
    out += "\nAllowedIPs = " + alone(part.connector.ip) + "\nEndpoint = " + part.endpoints.front().text() + "\n";
    for (std::size_t i = 1; i < part.endpoints.size(); ++i) {
        out += "# or Endpoint = " + part.endpoints[i].text() + "\n";
    }
    out += "PersistentKeepalive = " + std::to_string(kKeepalive) + "\n";
    return Secret(std::move(out));
}

}  // namespace adit::token
