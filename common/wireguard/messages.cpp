// Writing requests and reading replies; see messages.h.
#include "common/wireguard/messages.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/base/bounded_time.h"
#include "common/base/strings.h"

namespace adit::wireguard {
namespace json = boost::json;
namespace {

constexpr std::size_t kWordsMost = 1024;         ///< of a text that goes into a log line or an error
constexpr std::size_t kPeerRoom = 1024;          ///< more than one peer takes in a message
constexpr std::size_t kRequestRoom = 16 * 1024;  ///< reserved at once: a text with keys in it does not move often

std::string_view view(const json::object& object, std::string_view member) {
    const json::value* value = object.if_contains(member);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

std::uint64_t count(const json::object& object, std::string_view member) {
    const json::value* value = object.if_contains(member);
    if (value == nullptr) {
        return 0;
    }
    if (value->is_uint64()) {
        return value->get_uint64();
    }
    return value->is_int64() ? static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->get_int64())) : 0;
}

/// The elements of a list member; none when it is not there.
std::span<const json::value> list(const json::object& object, std::string_view member) {
    const json::value* value = object.if_contains(member);
    if (value == nullptr || !value->is_array()) {
        return {};
    }
    return {value->get_array().data(), value->get_array().size()};
}

bool same_identity(const Peer& a, const Peer& b) {
    return a.address == b.address && a.preshared_key.reveal() == b.preshared_key.reveal();
}

void add_peer(Request& request, const Peer& peer) {
    request.begin_object()
        .text("public_key", peer.public_key.text())
        .text("preshared_key", peer.preshared_key.reveal())
        .text("address", peer.address.to_string())
        .text("endpoint", peer.endpoint ? peer.endpoint->text() : "")
        .number("keepalive", static_cast<std::uint64_t>(peer.keepalive.count()))
        .end_object();
}

}  // namespace

// --- requests ----------------------------------------------------------------------------------------------------

Request::Request(std::string_view name) {
    body_.reserve(kRequestRoom);
    text("request", name);
}

void Request::separate() {
    if (!body_.empty() && body_.back() != '[' && body_.back() != '{') {
        body_ += ',';
    }
}

Request& Request::text(std::string_view member, std::string_view value) {
    separate();
    append_json_string(body_, member);
    body_ += ':';
    append_json_string(body_, value);
    return *this;
}

Request& Request::number(std::string_view member, std::uint64_t value) {
    separate();
    append_json_string(body_, member);
    body_ += ':';
    body_ += std::to_string(value);
    return *this;
}

Request& Request::begin_list(std::string_view member) {
    separate();
    append_json_string(body_, member);
    body_ += ":[";
    return *this;
}

Request& Request::end_list() {
    body_ += ']';
    return *this;
}

Request& Request::begin_object() {
    separate();
    body_ += '{';
    return *this;
}

Request& Request::end_object() {
    body_ += '}';
    return *this;
}

Request& Request::element(std::string_view text) {
    separate();
    append_json_string(body_, text);
    return *this;
}

Secret Request::with_id(std::uint64_t id) const {
    std::string all = "{\"id\":" + std::to_string(id);
    all.reserve(all.size() + body_.size() + 2);
    all += ',';
    all += body_;
    all += '}';
    return Secret(std::move(all));
}

PeerChanges difference(std::span<const Peer> present, std::span<const Peer> wanted) {
    std::map<PublicKey, const Peer*> old;
    for (const Peer& peer : present) {
        old.emplace(peer.public_key, &peer);
    }
    PeerChanges changes;
    for (const Peer& peer : wanted) {
        const auto found = old.find(peer.public_key);
        if (found == old.end()) {
            changes.add.push_back(&peer);
            continue;
        }
        const Peer& before = *found->second;
        if (!same_identity(before, peer)) {
            changes.remove.push_back(peer.public_key);
            changes.add.push_back(&peer);
        } else if (before.endpoint != peer.endpoint || before.keepalive != peer.keepalive) {
            changes.add.push_back(&peer);
        }
        old.erase(found);
    }
    for (const auto& [key, peer] : old) {
        changes.remove.push_back(key);
    }
    return changes;
}

Request open_request(std::string_view device, const Settings& settings, const net::HostPort& bind, unsigned processors,
                     std::uint64_t memory) {
    Request request("open");
    request.text("device", device)
        .text("private_key", settings.private_key.reveal())
        .text("address", settings.address.to_string())
        .number("mtu", settings.mtu)
        .text("bind", bind.text())
        .number("accept_port", settings.accept_port)
        .number("processors", processors)
        .number("memory", memory);
    return request;
}

std::vector<PeersRequest> peers_requests(std::string_view device, const PeerChanges& changes) {
    constexpr std::size_t kFull = kMessageMost - kPeerRoom;
    std::vector<PeersRequest> requests;
    for (auto next = changes.remove.begin(); next != changes.remove.end();) {
        Request& request = requests.emplace_back().request;
        request.text("device", device).begin_list("remove");
        for (; next != changes.remove.end() && request.size() < kFull; ++next) {
            request.element(next->text());
        }
        request.end_list();
    }
    for (auto next = changes.add.begin(); next != changes.add.end();) {
        auto& [request, added] = requests.emplace_back();
        request.text("device", device).begin_list("add");
        for (; next != changes.add.end() && request.size() < kFull; ++next) {
            add_peer(request, **next);
            added.push_back((*next)->public_key);
        }
        request.end_list();
    }
    return requests;
}

Request dial_request(std::string_view device, const net::Address& to, const PublicKey& peer,
                     std::chrono::milliseconds timeout) {
    Request request("dial");
    request.text("device", device)
        .text("to", to.text())
        .number("timeout_ms", static_cast<std::uint64_t>(std::max<std::int64_t>(1, timeout.count())))
        .text("peer", peer.text());
    return request;
}

// --- replies -----------------------------------------------------------------------------------------------------

std::optional<Refusal> refusal_of(const json::object& reply) {
    const json::value* ok = reply.if_contains("ok");
    if (ok != nullptr && ok->is_bool() && ok->get_bool()) {
        return std::nullopt;
    }
    Refusal refusal{words_of(reply, "reason"), words_of(reply, "error")};
    if (refusal.words.empty()) {
        refusal.words = "the helper gave no reason";
    }
    return refusal;
}

problem::Failure failure_of(const Refusal& refusal, const net::Address& to) {
    const std::string words = to.text() + " over WireGuard: " + refusal.words;
    if (refusal.reason == "connection_timeout") {
        return problem::connection_timeout(words);
    }
    if (refusal.reason == "connection_refused") {
        return problem::connection_refused(words);
    }
    return problem::connection_failed(words);
}

std::optional<net::Address> address_of(const json::object& object, std::string_view member) {
    const auto parsed = net::HostPort::parse(view(object, member), true);
    return parsed ? parsed->literal() : std::nullopt;
}

std::vector<PeerStatus> statistics_of(const json::object& reply) {
    std::vector<PeerStatus> all;
    for (const json::value& value : list(reply, "peers")) {
        const json::object* peer = value.if_object();
        const auto key = peer != nullptr ? PublicKey::parse(view(*peer, "public_key")) : std::nullopt;
        if (!key) {
            continue;
        }
        PeerStatus status{*key, address_of(*peer, "endpoint"), std::nullopt, count(*peer, "received"),
                          count(*peer, "sent")};
        if (const std::uint64_t at = count(*peer, "handshake"); at != 0) {
            constexpr std::uint64_t kSecond = 1'000'000'000;
            status.handshake = bounded_time(static_cast<std::time_t>(at / kSecond)) +
                               std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(at % kSecond));
        }
        all.push_back(std::move(status));
    }
    return all;
}

bool more_follows(const json::object& reply) {
    const json::value* more = reply.if_contains("more");
    return more != nullptr && more->is_bool() && more->get_bool();
}

std::optional<PublicKey> add_described(std::map<std::string, Described>& all, const json::object& reply) {
    std::string last;  // the order of keys is that of their text
    for (const json::value& value : list(reply, "devices")) {
        const json::object* device = value.if_object();
        if (device == nullptr) {
            continue;
        }
        Described& described = all[std::string(view(*device, "device"))];
        described.bound = address_of(*device, "bind").value_or(net::Address{});
        for (const json::value& peer : list(*device, "peers")) {
            const json::string* text = peer.if_string();
            if (const auto key = text != nullptr ? PublicKey::parse(*text) : std::nullopt) {
                described.peers.push_back(*key);
                last = std::max(last, key->text());
            }
        }
    }
    return more_follows(reply) ? PublicKey::parse(last) : std::nullopt;
}

std::string words_of(const json::object& object, std::string_view member) {
    return std::string(view(object, member).substr(0, kWordsMost));
}

logging::Level level_of(const json::object& event) {
    const std::string_view level = view(event, "level");
    if (level == "error") {
        return logging::Level::error;
    }
    if (level == "warn" || level == "warning") {
        return logging::Level::warn;
    }
    return level == "debug" ? logging::Level::debug : logging::Level::info;
}

}  // namespace adit::wireguard
