// A look at the datagrams of a WireGuard device: they pass through here, and are counted by what they are.
#pragma once

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/net/address.h"
#include "common/net/loop.h"

namespace adit::agent {

/// What has passed, and what the network said of it.
struct Datagrams {
    unsigned sent = 0;
    unsigned received = 0;
    unsigned answers = 0;                    ///< handshake responses: somebody there knows our key
    unsigned cookies = 0;                    ///< a loaded responder asks us to come again
    unsigned data = 0;                       ///< received packets of an agreed session
    bool refused = false;                    ///< ICMP: no program has the port
    std::string problem{};                   ///< why one could not be sent
    std::optional<unsigned> path{};          ///< bytes of an IP packet that the path carries, once one was larger
    std::optional<net::Time> first_sent{};   ///< when the first left
    std::optional<net::Time> answered_at{};  ///< when the first handshake response came
};

/// Between a device in user space, which is told inner() as its peer's endpoint, and the real endpoint. A device tells
/// neither of ICMP errors nor of answers that it could not open; a connected socket and the types of messages do.
/// Datagrams leave with the bit "don't fragment" until one is too large, and without it from then on. Shared with its
/// own handlers, which do nothing once its owner has dropped it. On the loop's thread.
class Relay : public std::enable_shared_from_this<Relay> {
  public:
    static Result<std::shared_ptr<Relay>> open(net::Loop& loop, const net::Address& endpoint);

    const net::Address& inner() const { return inner_address_; }
    const Datagrams& seen() const { return seen_; }

  private:
    using Socket = boost::asio::ip::udp::socket;

    explicit Relay(net::Loop& loop) : inner_(loop.context()), outer_(loop.context()) {}
    Result<> connect(const net::Address& endpoint);
    void listen(Socket& socket);
    void pass_out();
    void pass_in();
    void send(std::size_t size);
    void note_too_large();

    static constexpr std::size_t kDatagramMost = 65'536;

    Socket inner_;  ///< to the device
    Socket outer_;  ///< to the endpoint
    boost::asio::ip::udp::endpoint device_;
    net::Address inner_address_;
    Datagrams seen_;
    std::array<std::uint8_t, kDatagramMost> buffer_{};
};

}  // namespace adit::agent
