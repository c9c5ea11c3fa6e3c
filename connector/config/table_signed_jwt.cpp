// signed_jwt: a short-lived token of our own, by which a backend knows that a call came from this gateway.
#include "common/config/collections.h"
#include "common/config/seconds.h"
#include "connector/config/claim_template.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

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
