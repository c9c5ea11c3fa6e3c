// The three parts of a token in compact form (RFC 7515 §7.1), before anything of it is believed.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "common/base/encoding.h"

namespace adit::jose {

struct Compact {
    std::string_view signed_text;  ///< header and payload as they stand in the token
    std::string_view payload;      ///< still encoded
    boost::json::object header;
    Bytes signature;
};

/// Nothing when there are not three parts, or header and signature are not what the form asks for. An empty signature
/// is one of an unsecured token, and no form for us.
std::optional<Compact> parse_compact(std::string_view token);
/// The claims in an encoded payload.
std::optional<boost::json::object> parse_claims(std::string_view payload);

}  // namespace adit::jose
