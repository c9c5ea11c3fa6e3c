// AWS keys that are kept fresh, wherever they come from.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/error.h"
#include "connector/config/credential.h"
#include "connector/credential/aws_documents.h"
#include "connector/credential/aws_source.h"
#include "connector/fetch/desk.h"
#include "connector/fetch/keeper.h"

namespace adit::credential {

/// A token by which STS knows us, signed anew; empty where no issuer of ours is asked. Called on the desk's thread.
using WebIdentitySigner = std::function<Result<std::string>()>;

struct AwsKeysSettings {
    config::AwsKeys keys;
    std::string region;           ///< of STS; may be empty
    WebIdentitySigner sign = {};  ///< where keys.federated is given
    Environment environment = process_environment;
};

/// Fetches AwsKeysValue, on the desk's loop. Fails where neither configuration nor environment says where from.
Result<fetch::Fetch> aws_keys_fetch(fetch::Desk& desk, AwsKeysSettings settings);

/// The keys of a value that such a fetch made.
const AwsCredentials& aws_credentials(const fetch::Value& value);

}  // namespace adit::credential
