// A proof of who we are at AWS, for others who ask AWS about it: Google's workload identity federation.
#pragma once

#include <string>
#include <string_view>

#include "common/base/time.h"
#include "connector/credential/sigv4.h"

namespace adit::credential {

/// A signed GetCallerIdentity that Google sends on: percent-encoded JSON of its URL, method and headers, as
/// subject_token with the type urn:ietf:params:aws:token-type:aws4_request. `audience` is the full name of the
/// provider ("//iam.googleapis.com/projects/…"); it is signed as well, so that nobody else can use the proof. Good for
/// minutes.
std::string aws_subject_token(const AwsCredentials& credentials, const std::string& region, std::string_view audience,
                              WallTime now);

}  // namespace adit::credential
