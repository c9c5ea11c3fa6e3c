// The host[:port] of a request (RFC 3986 §3.2.2, without userinfo).
#pragma once

#include <string_view>

namespace adit::http {

/// A name, IPv4 address or [IPv6] with an optional port; no userinfo, no blanks, nothing that needs guessing.
bool valid_authority(std::string_view authority);

/// Whether two authorities of one scheme ("http" or "https") name the same host and port, said or implied.
bool same_authority(std::string_view a, std::string_view b, std::string_view scheme);

/// The host without its port.
std::string_view host_of(std::string_view authority);

}  // namespace adit::http
