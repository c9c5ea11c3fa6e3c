// Tokens that providers give, and how their answers are read. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
/// Never for more than 30 days.
fetch::Made read_token(const fetch::Reply& reply, std::string_view token = "access_token");
/// The same of a text that is the token.
fetch::Made read_bare_token(const fetch::Reply& reply);

/// What a request carried that nobody else may read. A provider may repeat it, as it was sent or as a form has it.
class Secrets {
  public:
    Secrets& add(std::string_view secret);
    /// Only if it is too long for a word that everybody uses: of fields that may hold something else than a secret.
    Secrets& add_long(std::string_view text);
    /// None of them is empty.
    const std::vector<Secret>& texts() const { return texts_; }

  private:
    std::vector<Secret> texts_;
};

/// The words without any of these texts. For words as they came: what is cut or replaced is not found any more.
std::string without_secrets(std::string_view words, const Secrets& secrets);

/// What an answer other than 200 says: RFC 6749 §5.2, google.rpc.Status, Entra ID's AADSTS codes, or nothing known.
/// Its words do not have the secrets of the request.
fetch::Trouble trouble_of(const fetch::Reply& reply, const Secrets& secrets = {});

/// A trouble that may pass.
inline std::unexpected<fetch::Trouble> passing(std::string words) {
    return std::unexpected(fetch::Trouble{fetch::Fault::transient, std::move(words)});
}

/// The claims of a JWT, believed by nobody: to show them, and to learn when it ends.
std::optional<boost::json::object> unverified_claims(std::string_view token);
/// The provider's clock, as far as its answer tells; else ours.
WallTime time_of(const fetch::Reply& reply);

}  // namespace adit::credential
