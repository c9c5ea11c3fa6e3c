// Verifying the token of a request, now if the keys are here, else when they are; see authenticate_jwt.h.
#include "connector/policy/authenticate_jwt.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/policy/authenticators.h"

namespace adit::policy {
namespace {

constexpr std::string_view kScheme = "Bearer";  // RFC 6750 §2.1

jose::Requirements requirements_of(const config::JwtPolicy& policy) {
    jose::Requirements requirements;
    requirements.issuer = policy.issuer;
    requirements.audiences = policy.audiences;
    requirements.skew = std::chrono::ceil<std::chrono::seconds>(policy.clock_skew);
    for (const std::string& name : policy.algorithms) {
        if (const auto algorithm = jose::parse_algorithm(name)) {
            requirements.algorithms.push_back(*algorithm);
        }
    }
    return requirements;
}

Finding another_issuers() {
    return Finding::refused("the token is another issuer's");
}

}  // namespace

Jwt::Jwt(std::string name, const config::JwtPolicy& policy, const Consumers& consumers, std::shared_ptr<KeySets> keys)
    : Authenticator(std::move(name)),
      header_(policy.header),
      requirements_(requirements_of(policy)),
      callers_(policy, "jwt " + this->name(), consumers),
      keys_(std::move(keys)) {}

/// As Authorization, of which that is asked before any policy is (Visit::repeats_authorization).
bool Jwt::is_repeated(const Visit& visit) const {
    return !is_authorization() && std::ranges::count_if(visit.request.fields, [this](const http::Field& field) {
                                      return iequals(field.name, header_);
                                  }) > 1;
}

/// Nothing: none was shown.
std::optional<std::string_view> Jwt::token(const Visit& visit) const {
    if (is_authorization()) {
        return visit.credentials(kScheme);
    }
    const http::Field* field = visit.request.find(header_);
    if (field == nullptr) {
        return std::nullopt;
    }
    const std::string_view value = field->value;
    const bool with_scheme = value.size() > kScheme.size() && value[kScheme.size()] == ' ' &&
                             iequals(value.substr(0, kScheme.size()), kScheme);
    return with_scheme ? trim(value.substr(kScheme.size())) : value;
}

/// Only such a token is worth waiting for keys, or asking for other ones.
bool Jwt::is_of_issuer(std::string_view token) const {
    return jose::claimed_issuer(token) == requirements_.issuer;
}

Finding Jwt::finding(const Claims& claims) const {
    if (!claims) {
        return Finding::refused("the token is refused: " + claims.error().words);
    }
    auto caller = callers_.find(*claims);
    return caller ? Finding::good(std::move(*caller)) : Finding::refused("the token is refused: " + caller.error());
}

std::optional<Finding> Jwt::look(const Visit& visit) const {
    const auto token = this->token(visit);
    if (!token) {
        return Finding::absent();
    }
    if (is_repeated(visit)) {
        return Finding::refused(header_ + " stands there more than once");
    }
    const KeysPtr keys = keys_->current();
    if (!keys) {
        return is_of_issuer(*token) ? std::nullopt : std::optional(another_issuers());
    }
    const Claims claims = jose::verify(*token, keys->set, requirements_, visit.now);
    if (!claims && claims.error().flaw == jose::Flaw::unknown_key) {
        return is_of_issuer(*token) ? std::nullopt : std::optional(another_issuers());
    }
    return finding(claims);
}

net::Task<Finding> Jwt::wait(const Visit& visit) const {
    const std::string_view token = *this->token(visit);
    KeysPtr keys = keys_->current();
    if (!keys) {
        auto first = co_await keys_->first(visit.loop, visit.deadline);
        if (!first) {
            co_return Finding::unavailable("the keys of the token's issuer are not to be had",
                                           first.error().retry_after.value_or(std::chrono::seconds(1)));
        }
        keys = std::move(*first);
    }
    Claims claims = jose::verify(token, keys->set, requirements_, visit.now);
    if (!claims && claims.error().flaw == jose::Flaw::unknown_key) {
        if (const KeysPtr others = co_await keys_->other_than(keys, visit.loop, visit.deadline)) {
            claims = jose::verify(token, others->set, requirements_, visit.now);
        }
    }
    co_return finding(claims);
}

/// RFC 6750 §3.
std::string Jwt::challenge(bool refused) const {
    if (!is_authorization()) {
        return {};
    }
    return "Bearer realm=\"" + name() + (refused ? "\", error=\"invalid_token\"" : "\"");
}

void Jwt::shown(const Visit& visit, Shown& into) const {
    if (!is_authorization()) {
        visit.note_fields(header_, into);
    } else if (visit.credentials(kScheme)) {
        visit.note_fields(visit.proxy ? "proxy-authorization" : "authorization", into);
    }
}

Result<std::shared_ptr<const Authenticator>> make_jwt(std::string name, const config::JwtPolicy& policy,
                                                      const Materials& materials) {
    std::shared_ptr<KeySets> keys;
    if (const auto* before = dynamic_cast<const Jwt*>(materials.before.get());
        before && before->keys()->serves(policy)) {
        keys = before->keys();
    } else {
        auto made = KeySets::make(*materials.desk, name, policy);
        if (!made) {
            return std::unexpected(std::move(made.error()));
        }
        keys = std::move(*made);
    }
    return std::make_shared<const Jwt>(std::move(name), policy, *materials.consumers, std::move(keys));
}

}  // namespace adit::policy
