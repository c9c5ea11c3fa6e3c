// signed_jwt: a short-lived token of our own, by which a backend knows that a call came from this gateway.
#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "common/config/collections.h"
#include "common/config/seconds.h"
#include "connector/config/claim_template.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

/// RFC 9110 §5.1; in lower case.
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
    return name;
}

/// The word before a token, such as Bearer; may be empty.
Result<std::string> parse_prefix(std::string_view text) {
    if (!std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }))
        return usage_error("it is one word; a blank follows by itself");
    return std::string(text);
}

/// Parsed text that shows its default.
class ShownText : public Parsed<std::string> {
  public:
    using Parsed::Parsed;
    std::string show(const std::string& value) const { return value; }
};

void check_templates(const Node& node, const SignedJwt& jwt, Diagnostics& diagnostics) {
    const auto check = [&](const std::string& text, const Place& place) {
        if (const auto parsed = parse_claim_template(text); !parsed) diagnostics.error(place, parsed.error().message);
    };
    check(jwt.subject, place_of(node, {"subject"}));
    const Member* claims = node.find("claims");
    if (claims == nullptr) return;
    for (const auto& [name, key_place, value] : claims->value.members) {
        if (is_reserved_claim(name))
            diagnostics.error(key_place, "'" + name + "' is a claim that this connector writes itself");
        check(value.text, value.place);
    }
}

}  // namespace

Object<SignedJwt> signed_jwt_table() {
    return Object<SignedJwt>("signed_jwt", "A short-lived token that says: this call came from this gateway.")
        .required("issuer", &SignedJwt::issuer, Name(), "One of 'issuers', whose keys sign.")
        .required("audience", &SignedJwt::audience, Text(), "Who it is for (aud): what the backend expects there.")
        .field("subject", &SignedJwt::subject, Text(),
               "Who calls (sub), with names in braces; the consumer when left out, else 'anonymous'.")
        .field("algorithm", &SignedJwt::algorithm,
               Choice<std::string>({{"ES256", "ES256"}, {"EdDSA", "EdDSA"}, {"RS256", "RS256"}}),
               "How it is signed; the issuer must have keys for it.")
        .field("lifetime", &SignedJwt::lifetime, Seconds(bounds::min_token_lifetime, bounds::max_token_lifetime),
               "From its making to its end (exp).")
        .field("claims", &SignedJwt::claims, TextMap(bounds::attributes),
               "Further claims with their values, with names in braces: {consumer}, {environment}, {project}, "
               "{attribute.NAME}, {route}, {host}, {path}, {method}, {request_id}, {request.header.NAME}. A claim of "
               "which a part is missing is left out.")
        .field("header", &SignedJwt::header, ShownText("a field name", parse_field_name), "The field that carries it.")
        .field("prefix", &SignedJwt::prefix, ShownText("a word", parse_prefix),
               "What stands before it, with a blank; empty: nothing.")
        .rule(check_templates);
}

}  // namespace adit::config
