// The steps of verifying a token (RFC 7519 §7.2) in the order that RFC 8725 makes safe: nothing of the claims is looked
// at before the signature is known to be good, and the algorithm is the verifier's choice.
#include <fmt/format.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>

#include "common/base/strings.h"
#include "common/jose/compact.h"
#include "common/jose/key_set.h"
#include "common/jose/signature.h"

namespace json = boost::json;

namespace adit::jose {
namespace {

using Seconds = std::chrono::duration<double>;
using Checked = std::expected<void, Refusal>;

std::unexpected<Refusal> refused(Flaw flaw, std::string words) {
    return std::unexpected(Refusal{flaw, std::move(words)});
}

/// A caller's text as logs may have it.
std::string shown(std::string_view text) {
    static constexpr std::size_t kMost = 64;
    std::string out(text.substr(0, kMost));
    std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text.size() > kMost ? out + "..." : out;
}

struct Header {
    Algorithm algorithm{};
    std::optional<std::string> kid;
};

/// RFC 7515 §4.1.9: case does not matter, "application/" may be left out. RFC 8725 §3.11: tokens of other purposes
/// (logout, proof of possession, security events) say so here, and are not for us.
bool is_good_type(const json::value& type) {
    const json::string* text = type.if_string();
    if (text == nullptr) {
        return false;
    }
    std::string_view name = *text;
    static constexpr std::string_view kPrefix = "application/";
    if (name.size() > kPrefix.size() && iequals(name.substr(0, kPrefix.size()), kPrefix)) {
        name.remove_prefix(kPrefix.size());
    }
    return iequals(name, "JWT") || iequals(name, "at+jwt");  // RFC 7519 §5.1, RFC 9068 §2.1
}

/// jwk, jku, x5c and x5u are a caller's word for what it signed with: they are not looked at.
std::expected<Header, Refusal> read_header(const json::object& header, const std::vector<Algorithm>& allowed) {
    for (const std::string_view name : {"crit", "b64", "enc", "zip"}) {
        if (header.contains(name)) {
            return refused(Flaw::malformed, fmt::format("its header has {}, of which nothing is supported", name));
        }
    }
    if (const json::value* type = header.if_contains("typ"); type != nullptr && !is_good_type(*type)) {
        return refused(Flaw::malformed, "its typ is neither JWT nor at+jwt");
    }
    if (const json::value* content = header.if_contains("cty"); content != nullptr) {
        return refused(Flaw::malformed, "it has a cty: a token within a token is not supported");
    }
    const json::value* algorithm = header.if_contains("alg");
    const json::value* kid = header.if_contains("kid");
    if (algorithm == nullptr || !algorithm->is_string() || (kid != nullptr && !kid->is_string())) {
        return refused(Flaw::malformed, "its header has no alg, or a kid that is no text");
    }
    const std::string_view name = algorithm->get_string();
    const auto known = parse_algorithm(name);
    if (!known || std::ranges::find(allowed, *known) == allowed.end()) {
        return refused(Flaw::algorithm, fmt::format("alg {} is not allowed", shown(name)));
    }
    Header read{*known, {}};
    if (kid != nullptr) {
        read.kid = std::string(std::string_view(kid->get_string()));
    }
    return read;
}

/// A NumericDate (RFC 7519 §2): seconds, perhaps with a fraction, until the year 9999.
std::optional<Seconds> read_date(const json::value& value) {
    static constexpr double kLatest = 253'402'300'799;
    const double seconds = value.is_int64()    ? static_cast<double>(value.get_int64())
                           : value.is_uint64() ? static_cast<double>(value.get_uint64())
                           : value.is_double() ? value.get_double()
                                               : std::nan("");
    return seconds >= 0 && seconds <= kLatest ? std::optional(Seconds(seconds)) : std::nullopt;
}

Checked check_times(const json::object& claims, std::chrono::seconds skew, WallTime now) {
    const Seconds clock = now.time_since_epoch();
    const json::value* expiry = claims.if_contains("exp");
    if (expiry == nullptr) {
        return refused(Flaw::claims, "it has no exp");
    }
    const auto end = read_date(*expiry);
    if (!end) {
        return refused(Flaw::claims, "its exp is no time");
    }
    if (clock >= *end + skew) {
        return refused(Flaw::expired, fmt::format("it expired {:.0f} s ago", (clock - *end).count()));
    }
    for (const std::string_view name : {"nbf", "iat"}) {
        const json::value* value = claims.if_contains(name);
        const auto begin = value == nullptr ? Seconds(0) : read_date(*value);
        if (!begin) {
            return refused(Flaw::claims, fmt::format("its {} is no time", name));
        }
        if (*begin > clock + skew) {
            return refused(Flaw::not_yet,
                           fmt::format("its {} lies {:.0f} s in the future", name, (*begin - clock).count()));
        }
    }
    return {};
}

/// RFC 7519 §4.1.3: a text, or an array of texts.
Checked check_audience(const json::object& claims, const std::vector<std::string>& audiences) {
    if (audiences.empty()) {
        return {};
    }
    const auto listed = [&](const json::value& value) {
        return value.is_string() &&
               std::ranges::find(audiences, std::string_view(value.get_string())) != audiences.end();
    };
    const json::value* value = claims.if_contains("aud");
    const json::array* list = value == nullptr ? nullptr : value->if_array();
    if (list != nullptr && !std::ranges::all_of(*list, [](const json::value& one) { return one.is_string(); })) {
        return refused(Flaw::claims, "its aud is neither a text nor a list of texts");
    }
    if (value == nullptr || !(list == nullptr ? listed(*value) : std::ranges::any_of(*list, listed))) {
        return refused(Flaw::audience, "it is for another audience");
    }
    return {};
}

Checked check_claims(const json::object& claims, const Requirements& requirements, WallTime now) {
    if (auto good = check_times(claims, requirements.skew, now); !good) {
        return good;
    }
    const json::value* issuer = claims.if_contains("iss");
    if (issuer == nullptr || !issuer->is_string() ||
        std::string_view(issuer->get_string()) != requirements.issuer) {  // RFC 7519 §4.1.1: compared as it is
        return refused(Flaw::issuer, "it is another issuer's");
    }
    return check_audience(claims, requirements.audiences);
}

}  // namespace

/// Which key of a set a token means.
struct Verification {
    static std::expected<const PublicKey*, Refusal> find(const KeySet& keys, const Header& header) {
        const std::string_view algorithm = name(header.algorithm);
        const PublicKey* found = nullptr;
        for (const PublicKey& key : keys.state_->keys) {
            if (header.kid ? key.kid != *header.kid : !key.fits(header.algorithm)) {
                continue;
            }
            if (found != nullptr) {
                return refused(Flaw::unknown_key, fmt::format("it has no kid, and several keys are for {}", algorithm));
            }
            found = &key;
        }
        if (found == nullptr || (header.kid && header.kid->empty())) {
            return refused(Flaw::unknown_key, header.kid ? fmt::format("no key has kid {}", shown(*header.kid))
                                                         : fmt::format("no key is for {}", algorithm));
        }
        if (!found->fits(header.algorithm)) {  // RFC 8725 §3.1: one key, one algorithm
            return refused(Flaw::algorithm, fmt::format("key {} is not for {}", shown(found->kid), algorithm));
        }
        return found;
    }
};

std::expected<json::object, Refusal> verify(std::string_view token, const KeySet& keys,
                                            const Requirements& requirements, WallTime now) {
    if (token.size() > requirements.most) {
        return refused(Flaw::too_large, fmt::format("it is larger than {} bytes", requirements.most));
    }
    const auto parts = parse_compact(token);
    if (!parts) {
        return refused(Flaw::malformed, "it is not a signed token in compact form");
    }
    const auto header = read_header(parts->header, requirements.algorithms);
    if (!header) {
        return std::unexpected(header.error());
    }
    const auto key = Verification::find(keys, *header);
    if (!key) {
        return std::unexpected(key.error());
    }
    if (!verify_bytes((*key)->key.get(), header->algorithm, parts->signed_text, parts->signature)) {
        return refused(Flaw::signature, fmt::format("its signature by {} is wrong", name(header->algorithm)));
    }
    auto claims = parse_claims(parts->payload);
    if (!claims) {
        return refused(Flaw::malformed, "its claims are not an object of JSON with each name once");
    }
    if (auto good = check_claims(*claims, requirements, now); !good) {
        return std::unexpected(good.error());
    }
    return std::move(*claims);
}

}  // namespace adit::jose
