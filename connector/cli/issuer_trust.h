// What a cloud must be told so that it trusts an issuer of ours, and one subject of it only. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connector/config/config.h"

namespace adit::cli {

enum class Cloud { gcp, azure, aws };

/// Who is to be trusted by whom; what nobody configured is a word in capitals, for the reader to replace.
struct Trust {
    std::string backend;  ///< from whose configuration it comes; may be empty
    std::string issuer;   ///< the name in `issuers`
    std::string url;
    std::string subject;
    std::string audience;
    std::string party;    ///< gcp: the provider's path; azure: the client id; aws: the role's ARN
    std::string account;  ///< gcp: the service account
    std::vector<std::string> warnings;
};

/// One for each backend whose credential for that cloud names the issuer. With `subject` that one is trusted instead,
/// and backends that have none of their own count as well; without any backend there is one from the issuer alone.
std::vector<Trust> trusts_of(const config::Configuration& configuration, const config::Issuer& issuer, Cloud cloud,
                             std::string_view subject);

/// "issuer", "subject", "audience", "commands" (for a shell), "warnings", and the cloud's own objects.
boost::json::object explain_trust(const Trust& trust, Cloud cloud);

}  // namespace adit::cli
