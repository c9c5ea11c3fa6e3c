// Claims, signature, field; see signed_jwt.h.
#include "connector/credential/signed_jwt.h"

#include <boost/json.hpp>
#include <optional>

#include "common/base/random.h"

namespace adit::credential {
namespace {

constexpr int kNoKeyRetry = 5;  ///< seconds, of Retry-After

std::expected<std::string, problem::Failure> signed_for(const Issuer& issuer, jose::Algorithm algorithm,
                                                        const boost::json::object& claims) {
    auto token = issuer.sign(algorithm, {}, claims);
    if (!token) {
        // A key is being made, or was taken from the directory and is missed there.
        return std::unexpected(problem::credential_unavailable(token.error().message, kNoKeyRetry));
    }
    return *std::move(token);
}

}  // namespace

SignedJwt::SignedJwt(const config::SignedJwt& settings, std::shared_ptr<const Issuer> issuer, std::string gateway)
    : settings_(settings),
      issuer_(std::move(issuer)),
      gateway_(std::move(gateway)),
      algorithm_(jose::parse_algorithm(settings.algorithm).value_or(jose::Algorithm::es256)),
      names_{settings.header},
      subject_(settings.subject.empty() ? "{consumer}" : settings.subject) {
    for (const auto& [name, text] : settings.claims) {
        further_.emplace_back(name, ClaimTemplate(text));
    }
}

boost::json::object SignedJwt::claims(const backend::Occasion& occasion, WallTime now) const {
    boost::json::object claims = issuer_->claims(settings_.audience, subject(occasion), settings_.lifetime, now);
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) {
            claims[name] = value;
        }
    };
    if (occasion.caller != nullptr) {
        add("consumer", occasion.caller->consumer);
        add("environment", occasion.caller->environment);
    }
    add("route", occasion.route);
    add("gateway", gateway_);
    for (const auto& [name, value] : further_) {
        if (const auto text = value.expand(occasion)) {
            claims[name] = *text;
        }
    }
    return claims;
}

std::string SignedJwt::subject(const backend::Occasion& occasion) const {
    return subject_.expand(occasion).value_or(std::string(access::kAnonymous));
}

net::Task<std::expected<void, problem::Failure>> SignedJwt::attach(const backend::Occasion& occasion,
                                                                   backend::Attached& attached) {
    auto token = signed_for(*issuer_, algorithm_, claims(occasion, std::chrono::system_clock::now()));
    if (!token) {
        co_return std::unexpected(std::move(token.error()));
    }
    std::string value = settings_.prefix.empty() ? std::string() : settings_.prefix + ' ';
    value += *token;
    attached.fields.emplace_back(settings_.header, std::move(value));
    co_return std::expected<void, problem::Failure>();
}

}  // namespace adit::credential
