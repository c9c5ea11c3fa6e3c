// The public keys of an issuer: fetched, kept fresh, and fetched again when a token names one that we do not have.
#pragma once

#include <expected>
#include <memory>

#include "common/base/error.h"
#include "common/jose/jose.h"
#include "connector/config/trust.h"
#include "connector/fetch/desk.h"
#include "connector/fetch/keeper.h"
#include "connector/fetch/published.h"

namespace adit::policy {

/// A key set as it was fetched.
struct Keys final : fetch::Value {
    explicit Keys(jose::KeySet of) : set(std::move(of)) {}
    jose::KeySet set;
};
using KeysPtr = std::shared_ptr<const Keys>;

/// Shared by generations that look for the same keys in the same place; its members may be called on any thread.
class KeySets {
  public:
    /// `name` is the policy's, for logs. Begins to fetch at once. Fails when a file or a CA cannot be used; that an
    /// issuer does not answer is no error: it may later.
    static Result<std::shared_ptr<KeySets>> make(fetch::Desk& desk, const std::string& name,
                                                 const config::JwtPolicy& policy);

    /// Whether the keys of `policy` are these, kept in this way.
    bool serves(const config::JwtPolicy& policy) const;
    /// The newest set; null when there is none yet, or when it is older than `stale` allows. No lock, no waiting.
    KeysPtr current() const;
    /// Waits on `loop`, the caller's, for the first set.
    net::Task<std::expected<KeysPtr, fetch::Trouble>> first(net::Loop& loop, net::Time deadline);
    /// A token names a key that `used` does not have: waits for another set. One fetch for all who wait; null when the
    /// last one is a short while ago, or when it brings none.
    net::Task<KeysPtr> other_than(KeysPtr used, net::Loop& loop, net::Time deadline);

  private:
    explicit KeySets(config::JwtPolicy policy) : policy_(std::move(policy)) {}

    using Last = fetch::Published<const Keys>;

    const config::JwtPolicy policy_;
    std::shared_ptr<Last> last_ = std::make_shared<Last>();  ///< shared with the keeper, which may end later
    std::shared_ptr<fetch::Keeper> keeper_;
};

}  // namespace adit::policy
