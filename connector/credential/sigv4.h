// AWS Signature Version 4 as request fields. Pure: the time is an argument.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/secret.h"
#include "common/base/time.h"

namespace adit::credential {

/// Long-lived keys, or temporary ones with a session token.
struct AwsCredentials {
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token;  ///< empty: the keys are not temporary
};

/// What a signature is for.
struct SigningScope {
    std::string region;
    std::string service;

    /// S3 signs the path as it names the object; all others sign it normalised and encoded once more.
    bool names_objects() const { return service == "s3" || service == "s3-object-lambda" || service == "s3express"; }
    friend bool operator==(const SigningScope&, const SigningScope&) = default;
};

/// What of a body the signature covers.
enum class PayloadHash {
    implied,       ///< its SHA-256, which is not said in a field
    said,          ///< its SHA-256, in x-amz-content-sha256
    not_included,  ///< UNSIGNED-PAYLOAD: TLS alone protects it
};

/// A request as it goes to the service. Views live for the time of the call.
struct SigningInput {
    using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

    std::string_view method;
    std::string_view path;   ///< as it is sent
    std::string_view query;  ///< as it is sent, with or without its '?'
    Fields fields;           ///< those to be signed, with host, in any order and case; the signature's own are added
    PayloadHash payload_hash = PayloadHash::said;
    std::string_view body;
};

/// The key that signs for one day and scope. Deriving it costs four MACs, so it is kept. Immutable.
class SigningKey {
  public:
    /// `day` as in "20150830".
    SigningKey(const Secret& secret_access_key, std::string_view day, SigningScope scope);
    SigningKey(const SigningKey&) = delete;
    SigningKey& operator=(const SigningKey&) = delete;
    ~SigningKey();

    const std::string& day() const { return day_; }
    const SigningScope& scope() const { return scope_; }
    const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }

  private:
    std::string day_;
    SigningScope scope_;
    std::array<std::uint8_t, 32> bytes_;
};

/// The fields that make a request a signed one, with names in lower case: authorization, x-amz-date, and
/// x-amz-security-token and x-amz-content-sha256 where they apply. They replace those of the request. `key` is derived
/// from the credentials' secret for the day of `now`.
std::vector<std::pair<std::string, std::string>> sign_request(const SigningInput& input,
                                                              const AwsCredentials& credentials, const SigningKey& key,
                                                              WallTime now);

// --- its parts ---

/// "20150830T123600Z".
std::string amz_date(WallTime time);
/// "20150830".
std::string amz_day(WallTime time);
/// The path that is signed for a path that is sent.
std::string canonical_path(std::string_view path, const SigningScope& scope);
/// Parameters decoded, encoded as RFC 3986 has it, and sorted.
std::string canonical_query(std::string_view query);
/// A value without blanks at its ends, and with one where there were several.
std::string canonical_value(std::string_view value);

}  // namespace adit::credential
