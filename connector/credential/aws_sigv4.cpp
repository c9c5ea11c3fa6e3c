// Signing a request that is about to go; see aws_sigv4.h.
#include "connector/credential/aws_sigv4.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "connector/credential/aws_keys.h"
#include "connector/credential/token_credential.h"
#include "connector/http/parse.h"

namespace adit::credential {
namespace {

constexpr std::string_view kOwn = "x-amz-";
constexpr std::string_view kErrorType = "x-amzn-errortype";
/// Errors that other keys may help against; "Exception" may follow.
constexpr std::array<std::string_view, 3> kKeysRefused = {"ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId"};

problem::Failure failure_of(const fetch::Trouble& trouble) {
    if (trouble.fault == fetch::Fault::permanent) {
        return problem::credential_misconfigured("no AWS keys: " + trouble.words);
    }
    const auto wait = trouble.retry_after.value_or(std::chrono::seconds(1));
    return problem::credential_unavailable("no AWS keys: " + trouble.words,
                                           static_cast<int>(std::max<std::int64_t>(wait.count(), 1)));
}

/// Whether Connection names a field: then it does not reach the origin (RFC 9110 §7.6.1).
bool nominated(const http::RequestHead& request, const http::Field& of) {
    return request.has_connection_options && of.known == http::Known::other &&
           std::ranges::any_of(request.fields, [&](const http::Field& field) {
               return field.known == http::Known::connection && http::list_has(field.value, of.name);
           });
}

/// The fields of the request that are signed.
SigningInput::Fields fields_to_sign(const backend::Occasion& occasion, const std::vector<std::string>& replaced) {
    SigningInput::Fields fields{{"host", occasion.authority}};
    const http::RequestHead& request = occasion.request;
    for (const http::Field& field : request.fields) {
        const bool wanted =
            field.known == http::Known::content_type || iequals(field.name.substr(0, kOwn.size()), kOwn);
        const auto same = [&](const std::string& name) { return iequals(name, field.name); };
        if (wanted && !nominated(request, field) && std::ranges::none_of(replaced, same)) {
            fields.emplace_back(field.name, field.value);
        }
    }
    return fields;
}

}  // namespace

AwsSigV4::AwsSigV4(const config::AwsSigV4& settings, std::shared_ptr<fetch::Keeper> keys)
    : scope_{settings.region, settings.service},
      payload_hash_(settings.payload == config::AwsSigV4::Payload::is_signed ? PayloadHash::said
                                                                             : PayloadHash::not_included),
      body_most_(payload_hash_ == PayloadHash::said ? settings.body_bytes : 0),
      prefetch_(settings.prefetch),
      names_{"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"},
      keys_(std::move(keys)) {}

std::shared_ptr<const AwsSigV4::DayKey> AwsSigV4::key_of(const std::shared_ptr<const fetch::Value>& keys,
                                                         const std::string& day) {
    auto last = last_.load();
    if (!last || last->keys != keys || last->key.day() != day) {
        last = std::shared_ptr<const DayKey>(
            new DayKey{keys, SigningKey(aws_credentials(*keys).secret_access_key, day, scope_)});
        last_.store(last);
    }
    return last;
}

net::Task<std::expected<void, problem::Failure>> AwsSigV4::attach(const backend::Occasion& occasion,
                                                                  backend::Attached& attached) {
    if (payload_hash_ == PayloadHash::not_included && !occasion.tls) {
        co_return std::unexpected(
            problem::credential_misconfigured("an unsigned payload needs TLS to the origin, and this one is without"));
    }
    std::shared_ptr<const fetch::Value> keys = keys_->value();
    if (!keys) {
        auto made = co_await keys_->get(occasion.loop, occasion.deadline);
        if (!made) {
            co_return std::unexpected(failure_of(made.error()));
        }
        keys = std::move(*made);
    }
    const WallTime now = std::chrono::system_clock::now();
    const auto key = key_of(keys, amz_day(now));
    const SigningInput input{.method = occasion.request.method,
                             .path = occasion.path,
                             .query = occasion.request.query,
                             .fields = fields_to_sign(occasion, names_),
                             .payload_hash = payload_hash_,
                             .body = occasion.body};
    for (auto& field : sign_request(input, aws_credentials(*keys), key->key, now)) {
        attached.fields.push_back(std::move(field));
    }
    attached.token = keys;
    co_return std::expected<void, problem::Failure>();
}

bool AwsSigV4::disbelieved(const http::ResponseHead& answer) const {
    const http::Field* type = answer.status == 400 || answer.status == 403 ? answer.find(kErrorType) : nullptr;
    return type != nullptr && std::ranges::any_of(kKeysRefused, [type](std::string_view refused) {
               return type->value.starts_with(refused);
           });
}

net::Task<bool> AwsSigV4::renew(const backend::Attached& attached, std::string_view, net::Loop& loop,
                                net::Time deadline) {
    const auto* used = static_cast<const fetch::Value*>(attached.token.get());
    if (used == nullptr || !keys_->renew(used)) {
        co_return false;
    }
    const fetch::Made other = co_await keys_->get_other(loop, used, deadline);
    // Keys that are given as they are stay the same.
    co_return other&& aws_credentials(**other).access_key_id != aws_credentials(*used).access_key_id;
}

backend::CredentialStanding AwsSigV4::standing() const {
    return standing_of("aws_sigv4", *keys_);
}

void AwsSigV4::prefetch() {
    if (prefetch_) {
        keys_->prefetch();
    }
}

}  // namespace adit::credential
