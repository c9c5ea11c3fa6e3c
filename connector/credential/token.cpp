// Reading answers of token endpoints; see token.h.
#include "connector/credential/token.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <charconv>
#include <cmath>

#include "common/jose/compact.h"
#include "connector/credential/uri_encoding.h"
#include "connector/http/date.h"
#include "connector/http/reply_time.h"

namespace adit::credential {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr std::size_t kTokenMost = 16 * 1024;
constexpr std::size_t kWordsMost = 300;
constexpr std::size_t kPublicWordMost = 7;  ///< what is longer and told to nobody may be a secret
constexpr std::string_view kMask = "***";
constexpr seconds kUntold{300};                 ///< the life of a token of which nothing says how long it lives
constexpr seconds kLifeMost{30LL * 24 * 3600};  ///< more is not believed: it is fetched anew

/// Errors that pass, whatever the status: of Google's own client, RFC 6749 §4.1.2.1, RFC 8628 §3.5, google.rpc.Code.
constexpr std::array<std::string_view, 9> kPassing{
    "internal_failure", "temporarily_unavailable", "server_error",       "slow_down", "UNAVAILABLE",
    "INTERNAL",         "DEADLINE_EXCEEDED",       "RESOURCE_EXHAUSTED", "ABORTED"};

std::optional<json::object> object_of(std::string_view text) {
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    if (error || !value.is_object()) {
        return std::nullopt;
    }
    return std::move(value.as_object());
}

std::string_view text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

/// For finite numbers.
seconds bounded(double number) {
    return seconds(static_cast<seconds::rep>(std::clamp(number, 0.0, static_cast<double>(kLifeMost.count()))));
}

std::optional<seconds> number_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_number()) {
        return bounded(value->to_number<double>());
    }
    // Some services do not respect the RFC.
    const std::string_view text = text_of(object, name);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    // from_chars reads "nan" and "inf", too.
    const bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
    return whole ? std::optional(bounded(number)) : std::nullopt;
}

/// By the provider's clock, so that ours may be wrong.
std::optional<seconds> life_of_jwt(std::string_view token, WallTime now) {
    const auto claims = unverified_claims(token);
    const json::value* end = claims ? claims->if_contains("exp") : nullptr;
    if (end == nullptr || !end->is_number()) {
        return std::nullopt;
    }
    return bounded(end->to_number<double>() - static_cast<double>(std::chrono::system_clock::to_time_t(now)));
}

std::optional<seconds> life_of(const json::object& answer, std::string_view token, WallTime now) {
    if (answer.contains("expires_in")) {
        return number_of(answer, "expires_in");
    }
    if (const auto until = parse_time(text_of(answer, "expireTime"))) {
        return std::clamp(std::chrono::floor<seconds>(*until - now), seconds(0), kLifeMost);
    }
    return life_of_jwt(token, now).value_or(kUntold);
}

/// One line of what a stranger wrote. Entra ID appends ids of its own to descriptions.
std::string shown(std::string_view said, const Secrets& secrets) {
    const std::string masked = without_secrets(said, secrets);
    std::string_view words = masked;
    words = words.substr(0, words.find_first_of("\r\n"));
    words = words.substr(0, words.find(" Trace ID:"));
    std::string line(words.substr(0, kWordsMost));
    std::ranges::replace_if(line, [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
    return line;
}

/// Parts of an answer, as they came.
struct Said {
    std::string_view code;
    std::string_view words;
};

Said said_in(const json::object& answer) {
    const json::value* error = answer.if_contains("error");
    if (error != nullptr && error->is_object()) {  // google.rpc.Status in JSON
        return {text_of(error->as_object(), "status"), text_of(error->as_object(), "message")};
    }
    return {text_of(answer, "error"), text_of(answer, "error_description")};
}

}  // namespace

fetch::Made make_token(std::string text, std::chrono::milliseconds life) {
    auto token = std::make_shared<Token>();
    token->text = Secret(std::move(text));
    const std::string_view is = token->text.reveal();
    const bool fits =
        !is.empty() && is.size() <= kTokenMost && std::ranges::all_of(is, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!fits) {
        return passing("it answered with something that is no token");
    }
    if (life <= std::chrono::milliseconds(0)) {
        return passing("it answered with a token that has expired");
    }
    token->life = life;
    return token;
}

fetch::Made read_token(const fetch::Reply& reply, std::string_view token) {
    auto answer = object_of(reply.body);
    const std::string_view text = answer ? text_of(*answer, token) : std::string_view();
    if (text.empty()) {
        return passing("it answered 200 without " + std::string(token));
    }
    const auto life = life_of(*answer, text, time_of(reply));
    if (!life) {
        return passing("it answered with an expires_in that is no number");
    }
    return make_token(std::string(text), *life);
}

fetch::Made read_bare_token(const fetch::Reply& reply) {
    std::string_view text = reply.body;
    while (text.ends_with('\n') || text.ends_with('\r')) {
        text.remove_suffix(1);
    }
    return make_token(std::string(text), life_of_jwt(text, time_of(reply)).value_or(kUntold));
}

Secrets& Secrets::add(std::string_view secret) {
    if (secret.empty()) {
        return *this;
    }
    std::string encoded = uri_encode(secret);
    if (encoded != secret) {
        texts_.emplace_back(std::move(encoded));
    }
    texts_.emplace_back(std::string(secret));
    return *this;
}

Secrets& Secrets::add_long(std::string_view text) {
    return text.size() > kPublicWordMost ? add(text) : *this;
}

std::string without_secrets(std::string_view words, const Secrets& secrets) {
    // First all is found, then replaced: secrets may overlap or be part of each other.
    std::vector<bool> secret(words.size());
    for (const Secret& one : secrets.texts()) {
        const std::string_view text = one.reveal();
        for (std::size_t at = 0; (at = words.find(text, at)) != std::string_view::npos; ++at) {
            std::fill_n(secret.begin() + static_cast<std::ptrdiff_t>(at), text.size(), true);
        }
    }
    std::string masked;
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (!secret[at]) {
            masked += words[at];
        } else if (at == 0 || !secret[at - 1]) {
            masked += kMask;
        }
    }
    return masked;
}

fetch::Trouble trouble_of(const fetch::Reply& reply, const Secrets& secrets) {
    const auto answer = object_of(reply.body);
    const Said said = answer ? said_in(*answer) : Said();
    const int status = reply.status;
    const bool passes = status < 300 || status >= 500 || status == 408 || status == 425 || status == 429 ||
                        std::ranges::find(kPassing, said.code) != kPassing.end() || said.words == "internal_failure";
    fetch::Trouble trouble{passes ? fetch::Fault::transient : fetch::Fault::permanent,
                           "it answered " + std::to_string(status)};
    if (status >= 300 && status < 400) {
        trouble.words += ", a redirect, which is not followed";
    }
    if (!said.code.empty()) {
        trouble.words += " " + shown(said.code, secrets);
    }
    if (!said.words.empty()) {
        trouble.words += ": " + shown(said.words, secrets);
    }
    if (passes) {
        trouble.retry_after = http::retry_after(reply.field("retry-after"), std::chrono::system_clock::now());
    }
    return trouble;
}

std::optional<json::object> unverified_claims(std::string_view token) {
    const auto parts = jose::parse_compact(token);
    return parts ? jose::parse_claims(parts->payload) : std::nullopt;
}

WallTime time_of(const fetch::Reply& reply) {
    return http::parse_date(reply.field("date")).value_or(std::chrono::system_clock::now());
}

}  // namespace adit::credential
