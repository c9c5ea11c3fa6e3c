// Keys become signatures and documents; see issuer.h.
#include "connector/credential/issuer.h"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <iterator>
#include <ranges>

#include "common/base/random.h"
#include "common/log/log.h"
#include "connector/config/issuers.h"

namespace adit::credential {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kMaxAgeMost = 1h;
constexpr std::chrono::milliseconds kLookMost = 10s;
constexpr std::chrono::milliseconds kLookLeast = 100ms;
constexpr std::chrono::milliseconds kFirstLockPatience = 15s;  ///< another connector makes an RSA key in about one
constexpr std::size_t kIdLength = 22;                          ///< of a jti: 131 bits
constexpr std::chrono::seconds kBackdated = 30s;               ///< nbf, for verifiers whose clock is behind ours

PublicDocument document(const json::object& content, std::chrono::seconds max_age) {
    PublicDocument made;
    made.content = json::serialize(content);
    made.etag = '"' + std::to_string(std::hash<std::string>()(made.content)) + '"';
    made.cache_control = "public, max-age=" + std::to_string(max_age.count());
    return made;
}

std::set<std::string> kids_of(const KeyDirectory::Reading& reading) {
    std::set<std::string> kids;
    for (const StoredKey& key : reading.keys) {
        kids.insert(key.facts.kid);
    }
    return kids;
}

std::int64_t seconds_of(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

std::chrono::seconds document_max_age(std::chrono::seconds publish_ahead) {
    return std::min(publish_ahead / 2, kMaxAgeMost);
}

KeySettings key_settings(const config::Issuer& issuer) {
    KeySettings settings{{}, issuer.rotate, issuer.publish_ahead, issuer.keep_after};
    for (const std::string& name : issuer.algorithms) {
        if (const auto algorithm = jose::parse_algorithm(name)) {
            settings.algorithms.push_back(*algorithm);
        }
    }
    return settings;
}

Issuer::Issuer(config::Issuer settings, Upkeep upkeep)
    : settings_(std::move(settings)),
      url_(config::issuer_url(settings_.url)),
      schedule_(key_settings(settings_)),
      upkeep_(upkeep),
      directory_(settings_.directory) {}

Result<std::shared_ptr<Issuer>> Issuer::open(config::Issuer settings, WallTime now, Upkeep upkeep) {
    std::shared_ptr<Issuer> issuer(new Issuer(std::move(settings), upkeep));
    auto refreshed = issuer->refresh(now, kFirstLockPatience);
    auto signers = issuer->check_signers();
    if (!refreshed && signers) {
        issuer->warn_once(refreshed.error().message);  // as look() does: it is the next keys that are in danger
    }
    issuer->troubles_ = std::exchange(issuer->troubles_now_, {});
    if (!signers) {
        Error error = refreshed ? std::move(signers.error()) : std::move(refreshed.error());
        return std::unexpected(std::move(error).with("issuer " + issuer->settings_.name));
    }
    return issuer;
}

/// Whether each algorithm has a key to sign with; else what is missing, and why.
Result<> Issuer::check_signers() const {
    const std::shared_ptr<const State> now = state();
    if (!now) {
        return failure(settings_.directory.string() + " could not be read");
    }
    for (const jose::Algorithm algorithm : schedule_.algorithms) {
        if (now->signers.contains(algorithm)) {
            continue;
        }
        const std::string key = settings_.directory.string() + " has no key for " + std::string(jose::name(algorithm));
        if (!troubles_now_.empty()) {
            return failure(key + " (" + *troubles_now_.begin() + ")");
        }
        const bool made_later = upkeep_ != Upkeep::yes && directory_.writable();
        if (made_later && upkeep_ == Upkeep::later) {
            continue;
        }
        return failure(made_later ? key + " yet; it gets one when the connector first runs" : key);
    }
    return {};
}

std::shared_ptr<const Issuer::State> Issuer::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

std::shared_ptr<const IssuerDocuments> Issuer::documents() const {
    return state()->documents;
}

Result<std::string> Issuer::sign(jose::Algorithm algorithm, json::object header, const json::object& claims) const {
    const std::shared_ptr<const State> now = state();
    const auto found = now->signers.find(algorithm);
    if (found == now->signers.end()) {
        return failure("issuer " + settings_.name + " has no key for " + std::string(jose::name(algorithm)));
    }
    header["kid"] = found->second.kid;
    return found->second.key->sign(std::move(header), claims);
}

json::object Issuer::claims(std::string_view audience, std::string_view subject, std::chrono::seconds lifetime,
                            WallTime now) const {
    return {{"iss", url_},
            {"sub", subject},
            {"aud", audience},
            {"iat", seconds_of(now)},
            {"nbf", seconds_of(now - kBackdated)},
            {"exp", seconds_of(now + lifetime)},
            {"jti", random_base62(kIdLength)}};
}

Result<std::string> Issuer::sign_assertion(std::string_view audience, std::string_view subject,
                                           std::chrono::seconds lifetime, jose::Algorithm algorithm,
                                           WallTime now) const {
    return sign(algorithm, {}, claims(audience, subject, lifetime, now));
}

std::chrono::milliseconds Issuer::look_interval() const {
    return std::clamp<std::chrono::milliseconds>(settings_.publish_ahead / 16, kLookLeast, kLookMost);
}

void Issuer::look(WallTime now) {
    if (auto refreshed = refresh(now, 0ms); !refreshed) {
        warn_once(refreshed.error().message);
    }
    troubles_ = std::exchange(troubles_now_, {});
}

Result<> Issuer::refresh(WallTime now, std::chrono::milliseconds patience) {
    auto reading = directory_.read();
    if (reading && !reading->exists && state_) {
        // Whoever mounts it will bring it back; keys of our own in its place would be unknown to everybody.
        reading = failure(settings_.directory.string() + ": the directory has gone");
    }
    if (!reading) {
        return std::unexpected(std::move(reading.error()));
    }
    if (!state_) {
        present_ = kids_of(*reading);
    }
    KeyPlan plan = plan_of(*reading, now);
    auto tended = tend(plan, now, patience);
    if (tended && *tended) {
        reading = directory_.read();
        if (!reading) {
            return std::unexpected(std::move(reading.error()));
        }
        plan = plan_of(*reading, now);
    }
    for (const std::string& problem : reading->problems) {
        warn_once(problem);
    }
    tell_changes(plan);
    note_keys(kids_of(*reading));
    auto other = make_state(*reading, plan);
    {
        const std::lock_guard lock(mutex_);
        state_.swap(other);
    }
    return tended ? Result<>() : std::unexpected(std::move(tended.error()));
}

KeyPlan Issuer::plan_of(const KeyDirectory::Reading& reading, WallTime now) const {
    std::vector<KeyFacts> facts;
    std::ranges::transform(reading.keys, std::back_inserter(facts), &StoredKey::facts);
    return plan_keys(std::move(facts), schedule_, now);
}

/// Makes what is due and removes what is over; whether anything may have changed in the directory.
Result<bool> Issuer::tend(const KeyPlan& plan, WallTime now, std::chrono::milliseconds patience) {
    if (upkeep_ != Upkeep::yes) {
        return false;
    }
    const auto due = [now](const KeyWanted& wanted) { return wanted.make_at <= now; };
    const bool makes = std::ranges::any_of(plan.wanted, due);
    if (!makes && std::ranges::none_of(plan.keys, &KeyStanding::removable)) {
        return false;
    }
    if (!directory_.writable()) {
        for (const KeyWanted& wanted : plan.wanted | std::views::filter(due)) {
            warn_once("the directory " + settings_.directory.string() + " is read-only and has no next key for " +
                      std::string(jose::name(wanted.algorithm)) + ", which should be published by now to sign from " +
                      format_time(wanted.signs_from));
        }
        return false;
    }
    const auto lock = directory_.lock(patience);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    if (!*lock) {
        return true;  // whoever has it does the same work
    }
    const auto reading = directory_.read();
    if (!reading) {
        return std::unexpected(reading.error());
    }
    const KeyPlan current = plan_of(*reading, now);
    for (const KeyWanted& wanted : current.wanted | std::views::filter(due)) {
        const auto made = directory_.make(wanted, **lock);
        if (!made) {
            return std::unexpected(made.error());
        }
        tended_.insert(made->kid);
        logging::info("made a key of an issuer", {{"issuer", settings_.name},
                                                  {"kid", made->kid},
                                                  {"algorithm", jose::name(made->algorithm)},
                                                  {"signs_from", format_time(made->signs_from)}});
    }
    for (const KeyStanding& standing : current.keys | std::views::filter(&KeyStanding::removable)) {
        if (auto removed = directory_.remove(standing.key.kid, **lock); !removed) {
            return std::unexpected(std::move(removed.error()));
        }
        tended_.insert(standing.key.kid);
        logging::info("removed a key of an issuer", {{"issuer", settings_.name}, {"kid", standing.key.kid}});
    }
    return true;
}

std::shared_ptr<const Issuer::State> Issuer::make_state(const KeyDirectory::Reading& reading,
                                                        const KeyPlan& plan) const {
    auto made = std::make_shared<State>();
    json::array published;
    for (const KeyStanding& standing : plan.keys) {
        const auto stored = std::ranges::find(reading.keys, standing.key, &StoredKey::facts);
        if (standing.state == KeyState::over) {
            continue;
        }
        published.push_back(stored->key->public_jwk(standing.key.kid));
        if (standing.state == KeyState::signing) {
            made->signers[standing.key.algorithm] = {standing.key.kid, stored->key};
        }
    }
    made->documents = std::make_shared<const IssuerDocuments>(make_documents(std::move(published)));
    return made;
}

IssuerDocuments Issuer::make_documents(json::array keys) const {
    json::array algorithms;
    for (const std::string& algorithm : settings_.algorithms) {
        algorithms.emplace_back(algorithm);
    }
    const std::chrono::seconds max_age = document_max_age(settings_.publish_ahead);
    const json::object discovery{{"issuer", url_},
                                 {"jwks_uri", url_ + std::string(kKeySetPath)},
                                 {"response_types_supported", json::array{"id_token"}},
                                 {"subject_types_supported", json::array{"public"}},
                                 {"id_token_signing_alg_values_supported", std::move(algorithms)},
                                 {"claims_supported", json::array{"iss", "sub", "aud", "iat", "nbf", "exp", "jti"}}};
    return {document(discovery, max_age), document({{"keys", std::move(keys)}}, max_age)};
}

/// What happens to keys on their own is worth a line each.
void Issuer::tell_changes(const KeyPlan& plan) {
    const bool first = state_ == nullptr;
    std::map<std::string, KeyState> now;
    for (const KeyStanding& standing : plan.keys) {
        now[standing.key.kid] = standing.state;
        const auto before = told_.find(standing.key.kid);
        if (!first && (before == told_.end() || before->second != standing.state)) {
            logging::info("a key of an issuer has another state", {{"issuer", settings_.name},
                                                                   {"kid", standing.key.kid},
                                                                   {"algorithm", jose::name(standing.key.algorithm)},
                                                                   {"state", name(standing.state)}});
        }
    }
    told_ = std::move(now);
}

void Issuer::note_keys(std::set<std::string> now) {
    std::vector<std::string> others;
    std::ranges::set_symmetric_difference(present_, now, std::back_inserter(others));
    if (!others.empty()) {
        const bool ours = std::ranges::all_of(others, [this](const auto& kid) { return tended_.contains(kid); });
        changes_.push_back({present_, now, ours});
    }
    present_ = std::move(now);
    for (const std::string& kid : others) {
        tended_.erase(kid);  // the rest has not been seen in the folder yet
    }
}

void Issuer::warn_once(const std::string& trouble) {
    if (troubles_now_.insert(trouble).second && !troubles_.contains(trouble)) {
        logging::warn("an issuer's keys are in trouble", {{"issuer", settings_.name}, {"reason", trouble}});
    }
}

}  // namespace adit::credential
