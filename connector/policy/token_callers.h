// From the claims of a good token to the caller that it stands for. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/strings.h"
#include "connector/config/trust.h"
#include "connector/policy/consumers.h"

namespace adit::policy {

/// The claim that a path names: a member of that very name, or "b" in the object "a" for "a.b". Null: there is none.
const boost::json::value* find_claim(const boost::json::object& claims, std::string_view path);
/// A claim as one line: texts as they are, numbers and booleans as JSON has them, the elements of an array with blanks
/// between. Nothing for objects, null, and texts with control characters: attributes become header fields.
std::optional<std::string> claim_text(const boost::json::value& claim);

/// Immutable; any thread.
class TokenCallers {
  public:
    /// `by` is what a caller's `by` says.
    TokenCallers(const config::JwtPolicy& policy, std::string by, const Consumers& consumers);

    /// The first consumer whose `tokens` list the claims, else the one that the claims name; or why there is none.
    std::expected<CallerPtr, std::string> find(const boost::json::object& claims) const;

  private:
    /// A consumer's `tokens` entry for this issuer.
    struct Listed {
        std::vector<std::pair<std::string, std::string>> claims;
        CallerPtr caller;
    };
    using Indices = std::vector<std::size_t>;
    /// Entries by the value of their first claim: a connector may know very many.
    struct ByClaim {
        std::string claim;
        std::unordered_map<std::string, Indices, StringHash, std::equal_to<>> values;
    };

    void list(const config::TokenName& name, const CallerPtr& caller);
    const Listed* find_listed(const boost::json::object& claims) const;
    std::expected<access::Caller, std::string> named(const boost::json::object& claims) const;

    const config::JwtPolicy policy_;
    const std::string by_;
    std::vector<Listed> listed_;
    std::vector<ByClaim> index_;
    Indices unconditional_;  ///< entries that ask for no claim
};

}  // namespace adit::policy
