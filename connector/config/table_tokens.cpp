// What all tables of tokens have in common: endpoints of providers, how a token is put into requests, assertions.
#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "common/config/collections.h"
#include "common/net/proxy_environment.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

Result<Endpoint> parse_provider(std::string_view text) {
    auto url = parse_endpoint(text);
    if (url && url->scheme != Endpoint::Scheme::http && url->scheme != Endpoint::Scheme::https)
        return usage_error(
            "a provider has an http or https URL; to reach it by a tunnel add 'through: service://NAME'");
    return url;
}

Result<std::string> parse_through(std::string_view text) {
    if (text == "environment") return std::string(text);
    if (text.starts_with("service://")) {
        const auto service = parse_endpoint(text);
        return service ? Result<std::string>(std::string(text)) : std::unexpected(service.error());
    }
    if (!text.starts_with("http://"))
        return usage_error("write service://NAME, http://[user:password@]host:port or environment");
    if (!net::ProxyEnvironment::parse(text, "")) return usage_error("write http://[user:password@]host:port");
    return std::string(text);
}

/// Text that may hold a password.
class Through : public Parsed<std::string> {
  public:
    Through() : Parsed("a way to the provider", parse_through, InErrors::left_out) {}
    Schema schema() const {
        Schema text = Parsed::schema();
        text.secret = true;
        return text;
    }
};

Choice<std::string> algorithm() {
    std::vector<std::pair<std::string, std::string>> words;
    for (const char* word : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
        words.emplace_back(word, word);
    return Choice<std::string>(std::move(words));
}

void one_signer(const Node& node, const Assertion& assertion, Diagnostics& diagnostics) {
    const bool by_issuer = !assertion.issuer.empty();
    if (by_issuer == !assertion.key.empty())
        diagnostics.error(node.place,
                          "an assertion is signed either by one of 'issuers' or by a key: give one of issuer "
                          "and key");
    if (by_issuer && (!assertion.certificate.empty() || !assertion.key_id.empty()))
        diagnostics.error(node.place, "an issuer has its own key ids; certificate and key_id go with key");
}

}  // namespace

/// RFC 9110 §5.1.
Result<std::string> parse_field_name(std::string_view text) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const bool token = !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
    });
    if (!token) return usage_error("it has a character that a field name cannot have");
    static constexpr std::array<std::string_view, 11> taken{
        "host",    "connection", "content-length", "transfer-encoding",  "te",        "trailer",
        "upgrade", "expect",     "cookie2",        "proxy-authenticate", "keep-alive"};
    std::string name = to_lower(text);
    if (std::ranges::find(taken, name) != taken.end()) return usage_error("it means something else to every recipient");
    // The proxy writes these itself, and would overwrite a credential or send two.
    static constexpr std::array<std::string_view, 4> ours{"x-request-id", "via", "traceparent", "forwarded"};
    if (std::ranges::find(ours, name) != ours.end() || name.starts_with("x-forwarded-"))
        return usage_error("the connector writes it itself");
    return name;
}

bool is_printable_line(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

Result<std::string> parse_prefix(std::string_view text) {
    if (!std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }))
        return usage_error("it is one word; a blank follows by itself");
    return std::string(text);
}

Object<TokenEndpoint> token_endpoint_table(std::string name, std::string doc) {
    return Object<TokenEndpoint>(std::move(name), std::move(doc))
        .field("url", &TokenEndpoint::url, Parsed<Endpoint>("a URL", parse_provider, InErrors::left_out),
               "Its address; the provider's own when left out.")
        .field("through", &TokenEndpoint::through, Through(),
               "How it is reached: service://NAME by a tunnel, http://[user:password@]host:port by a proxy, "
               "environment as HTTPS_PROXY and NO_PROXY say; directly when left out.")
        .field("ca", &TokenEndpoint::ca, Path(),
               "PEM file with the CAs that it is checked against; the system's when left out.")
        .field("timeout", &TokenEndpoint::timeout, Duration(bounds::min_timeout, 60s),
               "How long one exchange with it may take, connecting included.");
}

Object<TokenUse> token_use_table() {
    return Object<TokenUse>("a token", "How a token is put into requests, and kept.")
        .field("header", &TokenUse::header, ShownText("a field name", parse_field_name), "The field that carries it.")
        .field("prefix", &TokenUse::prefix, ShownText("a word", parse_prefix),
               "What stands before it, with a blank; empty: nothing.")
        .field("expiration_offset", &TokenUse::expiration_offset, Duration(0ms, 24h),
               "It is refreshed so long before its end, at most a quarter of its life.")
        .field("prefetch", &TokenUse::prefetch, Boolean(), "Fetched at start, before any request wants it.");
}

Object<Assertion> assertion_table(std::string name, std::string doc, SignedBy by) {
    auto table = Object<Assertion>(std::move(name), std::move(doc))
                     .field("subject", &Assertion::subject, Text(), "Who we are to the provider (sub).")
                     .field("audience", &Assertion::audience, Text(),
                            "Whom it is for (aud); what the provider usually expects when left out.")
                     .field("algorithm", &Assertion::algorithm, algorithm(),
                            "How it is signed; RS256, or what the key is for, when left out.");
    // NOLINTBEGIN(bugprone-use-after-move): what is added to the table is handed on, not taken from it
    if (by != SignedBy::key_of_certificate)
        std::move(table).field("issuer", &Assertion::issuer, Name(), "One of 'issuers', whose keys sign.");
    if (by != SignedBy::issuer)
        std::move(table)
            .field("key", &Assertion::key, Path(), "PEM file with the private key that signs.")
            .field("key_id", &Assertion::key_id, Text(), "How the provider calls the key (kid).");
    if (by == SignedBy::key_of_certificate)
        std::move(table).field("certificate", &Assertion::certificate, Path(),
                               "PEM file with the key's certificate, by whose thumbprint (x5t#S256) the provider knows "
                               "it.");
    return std::move(table).rule(one_signer);
    // NOLINTEND(bugprone-use-after-move)
}

Object<Assertion> federated_table() {
    return assertion_table("federated",
                           "A token of one of 'issuers', by which the provider knows us: no secret at all.",
                           SignedBy::issuer);
}

}  // namespace adit::config
