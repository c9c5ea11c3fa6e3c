// Who calls, once that is known.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace adit::access {

/// The consumer that policies give a request where `anonymous` lets anybody in.
inline constexpr std::string_view kAnonymous = "anonymous";

/// Immutable once made; shared by the requests of a consumer where it does not depend on the request.
struct Caller {
    std::string consumer;
    std::string project;
    std::string environment;
    std::map<std::string, std::string, std::less<>> attributes;  ///< configured ones, and claims of its token
    std::string by;  ///< the policy that told, and which credential of the consumer: "api-key 3f9a21"
};

}  // namespace adit::access
