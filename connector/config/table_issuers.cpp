// Issuers: keys of ours by which others verify, and tokens that they sign.
#include <algorithm>
#include <array>

#include "common/base/time.h"
#include "common/config/collections.h"
#include "common/config/seconds.h"
#include "connector/config/issuers.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

/// Of a string that is one of those names.
class AlgorithmName : public Choice<std::string> {
  public:
    AlgorithmName()
        : Choice({{"ES256", "ES256"},
                  {"EdDSA", "EdDSA"},
                  {"RS256", "RS256"},
                  {"PS256", "PS256"},
                  {"ES384", "ES384"},
                  {"ES512", "ES512"},
                  {"RS384", "RS384"},
                  {"RS512", "RS512"},
                  {"PS384", "PS384"},
                  {"PS512", "PS512"}}) {}
};

void sensible(const Node& node, const Issuer& issuer, Diagnostics& diagnostics) {
    if (issuer.algorithms.empty())
        diagnostics.error(place_of(node, {"algorithms"}), "an issuer needs an algorithm to sign with");
    for (std::size_t i = 0; i < issuer.algorithms.size(); ++i)
        if (std::find(issuer.algorithms.begin(), issuer.algorithms.end(), issuer.algorithms[i]) !=
            issuer.algorithms.begin() + static_cast<std::ptrdiff_t>(i))
            diagnostics.error(place_of(node, {"algorithms", i}), issuer.algorithms[i] + " is in this list twice");
    if (issuer.publish_ahead >= issuer.rotate)
        diagnostics.error(place_of(node, {node.find("publish_ahead") ? "publish_ahead" : "rotate"}),
                          "publish_ahead (" + format_duration(issuer.publish_ahead) +
                              ") must be shorter than rotate (" + format_duration(issuer.rotate) +
                              "): a key's successor is made while it signs");
}

}  // namespace

Object<Issuer> issuer_table() {
    return Object<Issuer>("an issuer",
                          "We as an OpenID issuer: keys that are rotated, and the documents by which others verify.")
        .required("url", &Issuer::url, Parsed<Endpoint>("an issuer's URL", parse_issuer_url, InErrors::left_out),
                  "Its identity (iss). Below its path (without one: for its host) every listener serves "
                  "/.well-known/openid-configuration and "
                  "/.well-known/jwks.json.")
        .required("directory", &Issuer::directory, Path(),
                  "The folder of its keys, which are made and rotated there. Connectors may share it. One that is "
                  "read-only, such as a secret of Kubernetes, is used as it is.")
        .field("algorithms", &Issuer::algorithms, List(AlgorithmName(), bounds::issuer_algorithms),
               "What it signs with, a key for each. Clouds want RS256.")
        .field("rotate", &Issuer::rotate, Seconds(bounds::min_rotate, bounds::max_rotate), "How long a key signs.")
        .field("publish_ahead", &Issuer::publish_ahead, Seconds(bounds::min_published, bounds::max_rotate),
               "How long a key is published before it signs; verifiers may keep the documents for half of that, at "
               "most an hour.")
        .field("keep_after", &Issuer::keep_after, Seconds(bounds::min_published, bounds::max_rotate),
               "How long a key is published after it has signed; no token may live longer.")
        .rule(sensible);
}

}  // namespace adit::config
