// AWS keys as credentials use them: kept fresh, and as a proof of who we are for Google.
#pragma once

#include <memory>
#include <string>

#include "connector/credential/sources.h"
#include "connector/credential/subject_token.h"

namespace adit::credential {

/// `region` is where STS is asked if the keys name none; it may be empty. `name` below is that of the keeper.
Result<std::shared_ptr<fetch::Keeper>> keep_aws_keys(const config::AwsKeys& keys, fetch::Keeper::Settings as,
                                                     const std::string& region, const Sources& sources);
/// Signed requests to AWS that Google sends on; `audience` as aws_subject_token() wants it.
Result<SubjectSource> aws_subject(const config::AwsKeys& keys, const std::string& name, const std::string& audience,
                                  const Sources& sources);

}  // namespace adit::credential
