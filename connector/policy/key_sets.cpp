// A keeper of key sets whose last good one outlives its freshness; see key_sets.h.
#include "connector/policy/key_sets.h"

#include "connector/policy/key_fetch.h"

namespace adit::policy {
namespace {

using namespace std::chrono_literals;

/// Between two fetches that tokens with unknown keys ask for: whoever makes up key ids causes no more.
constexpr std::chrono::milliseconds kForced = 10s;
constexpr std::chrono::milliseconds kForcedFile = 1s;

KeysPtr as_keys(const std::shared_ptr<const fetch::Value>& value) {
    return std::static_pointer_cast<const Keys>(value);
}

}  // namespace

Result<std::shared_ptr<KeySets>> KeySets::make(fetch::Desk& desk, const std::string& name,
                                               const config::JwtPolicy& policy) {
    auto fetch = key_fetch(desk, policy);
    if (!fetch) {
        return std::unexpected(std::move(fetch.error()).with("policy " + name));
    }
    std::shared_ptr<KeySets> sets(new KeySets(policy));
    fetch::Keeper::Settings settings;
    settings.name = "policy " + name + ": keys of " + policy.issuer;
    settings.schedule.offset = 0ms;  // a key set has no end of its own: `refresh` is when to look again
    settings.schedule.forced = policy.jwks_file.empty() ? kForced : kForcedFile;
    settings.fetched = [last = sets->last_](const fetch::Made& made, std::chrono::nanoseconds) {
        if (made) {
            last->store(as_keys(*made));
        }
    };
    sets->keeper_ = fetch::Keeper::make(desk, std::move(settings), std::move(*fetch));
    sets->keeper_->prefetch();
    return sets;
}

bool KeySets::serves(const config::JwtPolicy& policy) const {
    const auto place = [](const config::JwtPolicy& of) {
        return std::tie(of.issuer, of.jwks_url, of.jwks_file, of.ca, of.through, of.refresh, of.stale);
    };
    return place(policy_) == place(policy);
}

KeysPtr KeySets::current() const {
    KeysPtr keys = last_->load();
    const bool usable = keys && std::chrono::system_clock::now() < keys->fetched + policy_.stale;
    return usable ? keys : nullptr;
}

net::Task<std::expected<KeysPtr, fetch::Trouble>> KeySets::first(net::Loop& loop, net::Time deadline) {
    const fetch::Made made = co_await keeper_->get(loop, deadline);
    if (!made) {
        co_return std::unexpected(made.error());
    }
    co_return as_keys(*made);
}

net::Task<KeysPtr> KeySets::other_than(KeysPtr used, net::Loop& loop, net::Time deadline) {
    if (!keeper_->renew(used.get())) {
        co_return nullptr;
    }
    const fetch::Made made = co_await keeper_->get_other(loop, used.get(), deadline);
    co_return made ? as_keys(*made) : nullptr;
}

}  // namespace adit::policy
