// Tables by digest, name and block; see consumers.h.
#include "connector/policy/consumers.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "common/base/encoding.h"
#include "common/base/secret.h"
#include "common/base/strings.h"
#include "common/net/network.h"
#include "common/tls/key.h"

namespace adit::policy {
namespace {

using config::Digest;

constexpr std::size_t kIdBytes = 3;  ///< of a digest, where a key has no id of its own

/// The first bytes of a digest are as good as any hash.
struct DigestHash {
    std::size_t operator()(const Digest& digest) const {
        std::size_t hash = 0;
        std::memcpy(&hash, digest.data(), sizeof hash);
        return hash;
    }
};

/// A map leads to the candidate; whether it is the one is asked in constant time.
struct SameDigest {
    bool operator()(const Digest& a, const Digest& b) const { return equal_in_constant_time(a, b); }
};

struct Secret {
    CallerPtr caller;
    std::optional<WallTime> expires;
};

Digest digest_of(std::string_view text) {
    return tls::sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// One digest for both parts, each with its length, so that a lookup learns nothing of either.
Digest login_digest(std::string_view user, const Digest& password) {
    std::string both = std::to_string(user.size()) + ":" + std::string(user);
    both.append(reinterpret_cast<const char*>(password.data()), password.size());
    return digest_of(both);
}

std::string id_of(const config::HashedSecret& secret) {
    return secret.id.empty() ? hex_encode(std::span(secret.digest).first(kIdBytes)) : secret.id;
}

using Secrets = std::unordered_map<Digest, Secret, DigestHash, SameDigest>;

Consumers::Match find(const Secrets& secrets, const Digest& digest, WallTime now) {
    const auto found = secrets.find(digest);
    if (found == secrets.end()) {
        return {};
    }
    return {found->second.caller, found->second.expires && now >= *found->second.expires};
}

using Names = std::unordered_map<std::string, CallerPtr, StringHash, std::equal_to<>>;

CallerPtr find(const Names& names, std::string_view name) {
    const auto found = names.find(name);
    return found == names.end() ? nullptr : found->second;
}

/// One name and no more: nothing that a certificate's common name could spell with a comma of its own.
bool is_common_name(std::string_view subject) {
    return subject.starts_with("CN=") && subject.find_first_of(",+\\;") == std::string_view::npos;
}

}  // namespace

/// Everything by which a consumer is found.
struct Consumers::Index {
    Secrets api_keys;
    Secrets logins;
    Names sans;
    Names subjects;      ///< whole names
    Names common_names;  ///< where "CN=…" alone was listed
    Names keys;          ///< of certificates
    Names names;         ///< of consumers
    struct Block {
        net::Network network;
        CallerPtr caller;
    };
    std::vector<Block> blocks;  ///< the longest prefix first
};

access::Caller caller_of(const config::Consumer& consumer, std::string by) {
    access::Caller caller;
    caller.consumer = consumer.name;
    caller.project = consumer.project.empty() ? consumer.name : consumer.project;
    caller.environment = consumer.environment;
    caller.attributes.insert(consumer.attributes.begin(), consumer.attributes.end());
    caller.by = std::move(by);
    return caller;
}

Consumers::Consumers(std::vector<config::Consumer> consumers) : consumers_(std::move(consumers)) {
    auto index = std::make_unique<Index>();
    for (const config::Consumer& consumer : consumers_) {
        const auto make = [&](std::string by) {
            return std::make_shared<const access::Caller>(caller_of(consumer, std::move(by)));
        };
        for (const config::HashedSecret& key : consumer.api_keys) {
            index->api_keys.emplace(key.digest, Secret{make("api-key " + id_of(key)), key.expires});
        }
        for (const config::Login& login : consumer.logins) {
            index->logins.emplace(login_digest(login.user, login.password.digest),
                                  Secret{make("basic " + login.user), login.password.expires});
        }
        for (const config::CertificateName& name : consumer.certificates) {
            if (!name.san.empty()) {
                index->sans.emplace(name.san, make("mtls " + name.san));
            } else if (!name.subject.empty()) {
                (is_common_name(name.subject) ? index->common_names : index->subjects)
                    .emplace(name.subject, make("mtls " + name.subject));
            } else {
                index->keys.emplace(name.spki, make("mtls spki:" + name.spki));
            }
        }
        for (const net::Network& network : consumer.addresses) {
            index->blocks.push_back({network, make("ip " + network.text())});
        }
        index->names.emplace(consumer.name, make("ip"));
    }
    std::ranges::sort(index->blocks, std::ranges::greater(),
                      [](const Index::Block& block) { return block.network.prefix(); });
    index_ = std::move(index);
}

Consumers::~Consumers() = default;

Consumers::Match Consumers::by_api_key(std::string_view key, WallTime now) const {
    return find(index_->api_keys, digest_of(key), now);
}

Consumers::Match Consumers::by_login(std::string_view user, std::string_view password, WallTime now) const {
    return find(index_->logins, login_digest(user, digest_of(password)), now);
}

CallerPtr Consumers::by_certificate(const tls::PeerCertificate& certificate) const {
    CallerPtr caller = find(index_->keys, certificate.spki);
    for (std::size_t i = 0; !caller && i < certificate.sans.size(); ++i) {
        caller = find(index_->sans, certificate.sans[i]);
    }
    if (!caller) {
        caller = find(index_->subjects, certificate.subject);
    }
    if (!caller && !certificate.common_name.empty()) {
        caller = find(index_->common_names, "CN=" + certificate.common_name);
    }
    return caller;
}

CallerPtr Consumers::by_address(const boost::asio::ip::address& address) const {
    const auto found =
        std::ranges::find_if(index_->blocks, [&](const auto& block) { return block.network.contains(address); });
    return found == index_->blocks.end() ? nullptr : found->caller;
}

CallerPtr Consumers::by_name(std::string_view name) const {
    return find(index_->names, name);
}

}  // namespace adit::policy
