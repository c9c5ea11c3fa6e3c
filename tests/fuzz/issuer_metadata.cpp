// An issuer's metadata (OpenID Connect Discovery, RFC 8414), which say whose keys verify the tokens of callers. The
// first line is the issuer that is configured, the rest is what it answers.
#include "connector/policy/issuer_metadata.h"

#include <string>

#include "common/jose/json_strict.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const std::string_view configured = decisions.line();
    const auto issuer = config::parse_trusted_url(configured);
    if (!issuer) {
        return;  // an error of the configuration
    }
    const config::Url from = policy::openid_metadata(*issuer);
    demand(from.origin == issuer->origin && policy::oauth_metadata(*issuer).origin == issuer->origin,
           "nobody but the issuer is asked");
    const auto again = config::parse_trusted_url(from.text());
    demand(again && *again == from, "and by a URL that means the same to others");

    const std::string_view document = decisions.rest();
    const auto url = policy::key_set_url(document, from.text(), configured);
    if (!url) {
        demand(url.error().message.starts_with(from.text()), "metadata that are of no use are told of");
        return;
    }
    demand(url->is_safe(), "keys come from where nobody on the way can change them");
    const auto metadata = jose::parse_strict(document);
    demand(metadata && metadata->at("issuer").as_string() == configured, "and are those of this issuer");
}
