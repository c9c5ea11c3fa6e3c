// What the WireGuard helper says: one JSON object a message, as the channel takes them.
#include <boost/json.hpp>

#include "common/wireguard/messages.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(input, error);
    if (error || !value.is_object() || input.size() > wireguard::kMessageMost) {
        return;  // then the channel ends
    }
    const boost::json::object& message = value.get_object();
    if (const auto refusal = wireguard::refusal_of(message)) {
        demand(!refusal->words.empty() && refusal->words.size() <= 1024, "a refusal says why, in some words");
        const net::Address to{boost::asio::ip::make_address("10.77.0.8"), 80};
        const problem::Failure failure = wireguard::failure_of(*refusal, to);
        demand(failure.status >= 500 && failure.detail.starts_with(to.text()), "and becomes a failure of that address");
    }
    for (const wireguard::PeerStatus& peer : wireguard::statistics_of(message)) {
        demand(wireguard::PublicKey::parse(peer.public_key.text()) == peer.public_key, "a peer has a key");
        demand(!peer.handshake || (peer.handshake->time_since_epoch().count() >= 0 &&
                                   *peer.handshake < WallTime(std::chrono::hours(24 * 366 * 231))),
               "a handshake was at a time with which one can reckon");
    }
    std::map<std::string, wireguard::Described> devices;
    const auto after = wireguard::add_described(devices, message);
    demand(!after || wireguard::more_follows(message), "a list goes on only where its sender says so");
    std::size_t peers = 0;
    for (const auto& [name, device] : devices) {
        peers += device.peers.size();
    }
    demand(!after || peers > 0, "and behind something");
    demand(peers <= input.size(), "nothing grows");
    demand(wireguard::words_of(message, "message").size() <= 1024, "words for the log are bounded");
    static_cast<void>(wireguard::level_of(message));
    static_cast<void>(wireguard::address_of(message, "bound"));
}
