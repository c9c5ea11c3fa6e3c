// Consumers: who may call, and what they show to prove it.
#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

#include "common/base/encoding.h"
#include "common/base/strings.h"
#include "common/config/collections.h"
#include "connector/access/caller.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

constexpr std::string_view kSha256 = "sha256:";

std::optional<Bytes> hex_decode(std::string_view text) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        unsigned byte = 0;
        for (const char c : text.substr(i, 2)) {
            const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
            if (digit == std::string_view::npos) return std::nullopt;
            byte = byte * 16 + static_cast<unsigned>(digit);
        }
        bytes.push_back(static_cast<std::uint8_t>(byte));
    }
    return bytes;
}

/// Without "sha256:" it could be the secret itself, written here by mistake: so the message does not repeat it.
Result<Digest> parse_digest(std::string_view text) {
    if (!text.starts_with(kSha256))
        return usage_error("sha256: and a digest stand here, never the secret itself; see 'consumer new-key'");
    text.remove_prefix(kSha256.size());
    const auto bytes = text.size() == 64 ? hex_decode(text) : base64url_decode(text);
    Digest digest;
    if (!bytes || bytes->size() != digest.size())
        return usage_error("a SHA-256 has 64 hexadecimal digits, or 43 characters of base64url");
    std::ranges::copy(*bytes, digest.begin());
    return digest;
}

/// What is wrong with it may be that it is a secret, so no message shows it.
class DigestText {
  public:
    using value_type = Digest;
    explicit DigestText(Secrecy secrecy) : secrecy_(secrecy) {}
    bool read(const Node& node, Digest& value, Diagnostics& diagnostics) const {
        if (!expect_scalar(node, "a digest such as sha256:...", diagnostics)) return false;
        const auto digest = parse_digest(node.text);
        if (!digest) {
            diagnostics.error(node.place, digest.error().message);
            return false;
        }
        value = *digest;
        return true;
    }
    Schema schema() const {
        return {.kind = Schema::Kind::text, .name = "a digest", .secret = secrecy_ == Secrecy::secret};
    }
    std::string show(const Digest&) const { return {}; }

  private:
    Secrecy secrecy_;  ///< people think passwords out, so that even their digests tell too much
};

Parsed<WallTime> time() {
    return {"a time such as 2026-12-31T00:00:00Z", [](std::string_view text) { return parse_time(text); }};
}

Object<HashedSecret> hashed_secret(Secrecy secrecy) {
    return Object<HashedSecret>("a hashed secret", "The SHA-256 of a secret that a caller shows.")
        .required("sha256", &HashedSecret::digest, DigestText(secrecy),
                  "sha256: and the digest, as 'consumer new-key' says it.")
        .field("id", &HashedSecret::id, Name(), "How logs call it; the first digits of the digest when left out.")
        .field("expires", &HashedSecret::expires, time(), "From when on it is refused (UTC); never when left out.");
}

/// "sha256:..." alone, or with an id and an end.
class SecretOrObject {
  public:
    using value_type = HashedSecret;
    explicit SecretOrObject(Secrecy secrecy) : secrecy_(secrecy) {}
    bool read(const Node& node, HashedSecret& value, Diagnostics& diagnostics) const {
        if (node.kind == Node::Kind::scalar) return DigestText(secrecy_).read(node, value.digest, diagnostics);
        return hashed_secret(secrecy_).read(node, value, diagnostics);
    }
    Schema schema() const {
        Schema schema = hashed_secret(secrecy_).schema();
        schema.or_text = true;
        schema.secret = secrecy_ == Secrecy::secret;
        return schema;
    }
    std::string show(const HashedSecret&) const { return {}; }

  private:
    Secrecy secrecy_;
};

/// RFC 7617 §2: a colon would end it.
Result<std::string> parse_user(std::string_view text) {
    if (text.empty() || text.contains(':')) return usage_error("a user has a name without a colon");
    return std::string(text);
}

Object<Login> login() {
    return Object<Login>("a login", "A user and the SHA-256 of the password, for the policy basic.")
        .required("user", &Login::user, Parsed<std::string>("a user", parse_user, InErrors::left_out),
                  "The user's name.")
        .required("password", &Login::password, SecretOrObject(Secrecy::secret),
                  "sha256: and the digest of the password.");
}

/// In the form in which it is compared.
Result<std::string> parse_san(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    const std::string_view name = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (name.empty() || (kind != "dns" && kind != "uri" && kind != "email" && kind != "ip"))
        return usage_error("it begins with dns:, uri:, email: or ip:");
    if (kind == "dns") return to_lower(text);
    if (kind != "ip") return std::string(text);
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address(std::string(name), bad);
    if (bad) return usage_error("behind ip: stands no address");
    return "ip:" + address.to_string();
}

Result<std::string> parse_spki(std::string_view text) {
    if (text.starts_with(kSha256)) text.remove_prefix(kSha256.size());
    const auto bytes = text.size() == 64 ? hex_decode(text) : base64url_decode(text);
    if (!bytes || bytes->size() != 32)
        return usage_error("it is the SHA-256 of the key: 64 hexadecimal digits, or base64url");
    return base64url_encode(*bytes);
}

void one_name(const Node& node, const CertificateName& name, Diagnostics& diagnostics) {
    const int given = (name.san.empty() ? 0 : 1) + (name.subject.empty() ? 0 : 1) + (name.spki.empty() ? 0 : 1);
    if (given != 1) diagnostics.error(node.place, "a certificate is known by one of san, subject and spki");
}

Object<CertificateName> certificate_name() {
    return Object<CertificateName>("a certificate's name", "What in a client certificate stands for the consumer.")
        .field("san", &CertificateName::san, Parsed<std::string>("a subject alternative name", parse_san),
               "dns:, uri:, email: or ip: and the name.")
        .field("subject", &CertificateName::subject, Text(), "The whole name (RFC 4514), or CN=... alone.")
        .field("spki", &CertificateName::spki, Parsed<std::string>("the digest of a key", parse_spki),
               "The SHA-256 of the public key (SubjectPublicKeyInfo).")
        .rule(one_name);
}

Object<TokenName> token_name() {
    return Object<TokenName>("a token's name", "What in a token stands for the consumer.")
        .required("issuer", &TokenName::issuer, Text(), "Who has issued it (iss).")
        .required("claims", &TokenName::claims, TextMap(bounds::attributes),
                  "Claims with the values that they must have, such as sub or azp.");
}

void no_reserved_name(const Node& node, const Consumer& consumer, Diagnostics& diagnostics) {
    if (consumer.name == access::kAnonymous)
        diagnostics.error(place_of(node, {"name"}), "'anonymous' is who shows nothing; no consumer can be called that");
}

}  // namespace

yaml::Object<Consumer> consumer_table() {
    return Object<Consumer>("a consumer", "An authenticated caller: a gateway, or a project in one environment.")
        .required("name", &Consumer::name, Name(), "Its name, which access rules use.")
        .field("project", &Consumer::project, Name(), "The project it belongs to; its name when left out.")
        .field("environment", &Consumer::environment, Name(), "The environment it calls from, such as production.")
        .field("attributes", &Consumer::attributes, TextMap(bounds::attributes),
               "What else is known about it; {attribute.NAME} in values of header fields.")
        .field("api_keys", &Consumer::api_keys, List(SecretOrObject(Secrecy::open), bounds::credentials),
               "Digests of its API keys, several while one replaces another.")
        .field("logins", &Consumer::logins, List(login(), bounds::credentials), "Users and passwords (policy basic).")
        .field("certificates", &Consumer::certificates, List(certificate_name(), bounds::credentials),
               "Client certificates that stand for it (policy mtls).")
        .field("tokens", &Consumer::tokens, List(token_name(), bounds::credentials),
               "Tokens that stand for it (policy jwt).")
        .field("addresses", &Consumer::addresses,
               List(Parsed<net::Network>("a block of addresses", net::Network::parse), bounds::credentials),
               "Addresses that stand for it (policy ip).")
        .rule(no_reserved_name);
}

}  // namespace adit::config
