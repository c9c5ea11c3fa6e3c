// Tokens that providers give, and how their answers are read. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "common/base/time.h"
#include "connector/fetch/client.h"
#include "connector/fetch/keeper.h"

namespace adit::credential {

/// A token as requests carry it.
struct Token final : fetch::Value {
    Secret text;
};

/// A token that is good for `life` from now on. Nothing but what a header field may hold (RFC 6750 §2.1) is accepted.
fetch::Made make_token(std::string text, std::chrono::milliseconds life);

/// The token in an answer of 200 (RFC 6749 §5.1): the text of member `token`, until `expires_in` seconds have passed (a
/// number or a string of one) or the RFC 3339 time in `expireTime`; else as a JWT says itself; else for five minutes.
fetch::Made read_token(const fetch::Reply& reply, std::string_view token = "access_token");
/// The same of a text that is the token.
fetch::Made read_bare_token(const fetch::Reply& reply);

/// What an answer other than 200 says: RFC 6749 §5.2, google.rpc.Status, Entra ID's AADSTS codes, or nothing known.
fetch::Trouble trouble_of(const fetch::Reply& reply);

/// A trouble that may pass.
inline std::unexpected<fetch::Trouble> passing(std::string words) {
    return std::unexpected(fetch::Trouble{fetch::Fault::transient, std::move(words)});
}
/// One that only another configuration helps against.
inline std::unexpected<fetch::Trouble> lasting(std::string words) {
    return std::unexpected(fetch::Trouble{fetch::Fault::permanent, std::move(words)});
}

/// The claims of a JWT, believed by nobody: to show them, and to learn when it ends.
std::optional<boost::json::object> unverified_claims(std::string_view token);
/// The provider's clock, as far as its answer tells; else ours.
WallTime time_of(const fetch::Reply& reply);

}  // namespace adit::credential
