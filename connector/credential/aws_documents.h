// What AWS's services that give keys answer: read into keys, or into the reason why there are none. Pure.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "connector/credential/sigv4.h"
#include "connector/fetch/keeper.h"

namespace adit::credential {

/// Keys as a keeper keeps them.
struct AwsKeysValue final : fetch::Value {
    AwsCredentials credentials;
};

using KeysMade = std::expected<std::shared_ptr<const AwsKeysValue>, fetch::Trouble>;

/// An answer of STS to AssumeRoleWithWebIdentity: XML, of a role or an error.
KeysMade read_sts_answer(int status, std::string_view body, WallTime now);
/// The JSON of a container's or an instance's credentials, or the error that came instead. `who` stands in errors.
KeysMade read_keys_document(std::string_view who, int status, std::string_view body, WallTime now);

}  // namespace adit::credential
