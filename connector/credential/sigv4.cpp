// Signature Version 4, step by step as AWS describes it; see sigv4.h.
#include "connector/credential/sigv4.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "common/base/encoding.h"
#include "common/base/strings.h"
#include "common/tls/digest.h"
#include "common/tls/key.h"
#include "connector/credential/uri_encoding.h"

namespace adit::credential {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kScopeEnd = "aws4_request";
constexpr std::size_t kDaySize = 8;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string hex_sha256(std::string_view text) {
    return hex_encode(tls::sha256(bytes_of(text)));
}

/// The path with "." and ".." resolved and without empty segments; a slash at its end stays (RFC 3986 §6.2.2.3).
std::string normalised(std::string_view path) {
    std::vector<std::string_view> segments;
    bool directory = false;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string_view segment = path.substr(at, end - at);
        directory = segment.empty() || segment == "." || segment == "..";
        if (segment == ".." && !segments.empty()) {
            segments.pop_back();
        } else if (!directory) {
            segments.push_back(segment);
        }
        at = end + 1;
    }
    std::string out;
    for (const std::string_view segment : segments) {
        out.append("/").append(segment);
    }
    if (out.empty() || directory) {
        out += '/';
    }
    return out;
}

/// Sorted by name, fields of one name joined in the order in which they came.
using CanonicalFields = std::map<std::string, std::string, std::less<>>;

void add(CanonicalFields& fields, std::string_view name, std::string_view value) {
    const auto [at, is_new] = fields.try_emplace(to_lower(name), canonical_value(value));
    if (!is_new) {
        at->second.append(",").append(canonical_value(value));
    }
}

std::string signed_names(const CanonicalFields& fields) {
    std::string names;
    for (const auto& [name, value] : fields) {
        names.append(names.empty() ? "" : ";").append(name);
    }
    return names;
}

std::string canonical_request(const SigningInput& input, const SigningScope& scope, const CanonicalFields& fields,
                              std::string_view names, std::string_view payload) {
    std::string out;
    out.append(input.method).append("\n");
    out.append(canonical_path(input.path, scope)).append("\n");
    out.append(canonical_query(input.query)).append("\n");
    for (const auto& [name, value] : fields) {
        out.append(name).append(":").append(value).append("\n");
    }
    out.append("\n").append(names).append("\n").append(payload);
    return out;
}

}  // namespace

std::string amz_date(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    static_cast<void>(::gmtime_r(&seconds, &parts));
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

std::string amz_day(WallTime time) {
    return amz_date(time).substr(0, kDaySize);
}

std::string canonical_path(std::string_view path, const SigningScope& scope) {
    if (scope.names_objects()) {
        return path.empty() ? "/" : uri_encode(uri_decode(path), Slash::kept);
    }
    return uri_encode(normalised(path), Slash::kept);
}

std::string canonical_query(std::string_view query) {
    if (query.starts_with('?')) {
        query.remove_prefix(1);
    }
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view parameter = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(parameter.find('='), parameter.size());
        if (!parameter.empty()) {
            const std::string_view value = parameter.substr(std::min(equals + 1, parameter.size()));
            parameters.emplace_back(uri_encode(uri_decode(parameter.substr(0, equals))), uri_encode(uri_decode(value)));
        }
    }
    std::ranges::sort(parameters);
    std::string out;
    for (const auto& [name, value] : parameters) {
        out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
    }
    return out;
}

std::string canonical_value(std::string_view value) {
    std::string out;
    for (const char c : trim(value)) {
        const bool blank = c == ' ' || c == '\t';
        if (!blank || out.back() != ' ') {  // it begins with no blank
            out += blank ? ' ' : c;
        }
    }
    return out;
}

SigningKey::SigningKey(const Secret& secret_access_key, std::string_view day, SigningScope scope)
    : day_(day), scope_(std::move(scope)) {
    std::string first = "AWS4" + std::string(secret_access_key.reveal());
    bytes_ = tls::hmac_sha256(bytes_of(first), day_);
    wipe_memory(first.data(), first.size());
    for (const std::string_view part : {std::string_view(scope_.region), std::string_view(scope_.service), kScopeEnd}) {
        bytes_ = tls::hmac_sha256(bytes_, part);
    }
}

SigningKey::~SigningKey() {
    wipe_memory(bytes_.data(), bytes_.size());
}

std::vector<std::pair<std::string, std::string>> sign_request(const SigningInput& input,
                                                              const AwsCredentials& credentials, const SigningKey& key,
                                                              WallTime now) {
    const std::string date = amz_date(now);
    const std::string payload =
        input.payload_hash == PayloadHash::not_included ? "UNSIGNED-PAYLOAD" : hex_sha256(input.body);

    std::vector<std::pair<std::string, std::string>> out{{"x-amz-date", date}};
    if (!credentials.session_token.empty()) {
        out.emplace_back("x-amz-security-token", credentials.session_token.reveal());
    }
    if (input.payload_hash != PayloadHash::implied) {
        out.emplace_back("x-amz-content-sha256", payload);
    }
    CanonicalFields fields;
    for (const auto& [name, value] : input.fields) {
        add(fields, name, value);
    }
    for (const auto& [name, value] : out) {
        fields.insert_or_assign(name, canonical_value(value));
    }
    const std::string names = signed_names(fields);
    const std::string scope =
        key.day() + "/" + key.scope().region + "/" + key.scope().service + "/" + std::string(kScopeEnd);
    const std::string request = canonical_request(input, key.scope(), fields, names, payload);
    const std::string text = std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" + hex_sha256(request);
    const std::string signature = hex_encode(tls::hmac_sha256(key.bytes(), text));
    out.emplace_back("authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
                                          scope + ", SignedHeaders=" + names + ", Signature=" + signature);
    return out;
}

}  // namespace adit::credential
