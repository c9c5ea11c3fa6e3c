// What is said to the helper and what it says: one JSON object each (docs/decisions/0010-wireguard.md). Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/log/log.h"
#include "common/wireguard/device.h"

namespace adit::wireguard {

/// The longest message in either direction, bytes.
inline constexpr std::size_t kMessageMost = 128 * 1024;

/// A request without its id. Holds keys: wiped when it dies, never logged.
class Request {
  public:
    explicit Request(std::string_view name);
    Request(Request&&) noexcept = default;
    Request& operator=(Request&&) noexcept = delete;
    ~Request() { wipe_memory(body_.data(), body_.size()); }

    Request& text(std::string_view member, std::string_view value);
    Request& number(std::string_view member, std::uint64_t value);
    /// `[` … `]` around what element() adds.
    Request& begin_list(std::string_view member);
    Request& end_list();
    Request& begin_object();
    Request& end_object();
    Request& element(std::string_view text);

    std::size_t size() const { return body_.size(); }
    Secret with_id(std::uint64_t id) const;

  private:
    void separate();
    std::string body_;
};

/// What differs between two sets of peers. Pointers are into the wanted set. One whose address or preshared key changed
/// is removed and added again, so that nothing of the old one is left.
struct PeerChanges {
    std::vector<const Peer*> add;
    std::vector<PublicKey> remove;
    bool empty() const { return add.empty() && remove.empty(); }
};
PeerChanges difference(std::span<const Peer> present, std::span<const Peer> wanted);

/// What makes `device` in the helper. `bind` may differ from the settings': the port that it had before.
Request open_request(std::string_view device, const Settings& settings, const net::HostPort& bind, unsigned processors,
                     std::uint64_t memory);
/// A request about peers, and those that it adds.
struct PeersRequest {
    Request request{"peers"};
    std::vector<PublicKey> added;
};
/// As many messages as fit the bound, removals first: an address may pass from one key to another.
std::vector<PeersRequest> peers_requests(std::string_view device, const PeerChanges& changes);
Request dial_request(std::string_view device, const net::Address& to, const PublicKey& peer,
                     std::chrono::milliseconds timeout);

/// Why the helper said no.
struct Refusal {
    std::string reason;  ///< a word of the protocol
    std::string words;
};
/// Nothing when a reply says `ok`.
std::optional<Refusal> refusal_of(const boost::json::object& reply);
problem::Failure failure_of(const Refusal& refusal, const net::Address& to);

std::optional<net::Address> address_of(const boost::json::object& object, std::string_view member);
std::vector<PeerStatus> statistics_of(const boost::json::object& reply);
/// Whether a list did not fit one message: it goes on `after` its last key.
bool more_follows(const boost::json::object& reply);

/// A device that a helper has already: where it listens and which peers it knows.
struct Described {
    net::Address bound;
    std::vector<PublicKey> peers;
};
/// Adds what a reply tells to `all`; the key after which the next one goes on, nothing when all is told.
std::optional<PublicKey> add_described(std::map<std::string, Described>& all, const boost::json::object& reply);

/// A text member as the log may show it: bounded; empty when it is not there.
std::string words_of(const boost::json::object& object, std::string_view member);
logging::Level level_of(const boost::json::object& event);

}  // namespace adit::wireguard
