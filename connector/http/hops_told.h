// What add_hops() passes on of the word of trusted proxies: origins may answer by it.
#pragma once

#include <optional>
#include <string>

#include "connector/http/caller.h"
#include "connector/http/disclosure.h"
#include "connector/http/message.h"

namespace adit::http {

/// The same for two requests whose origins are told the same of hosts, ports and schemes before us, but for the
/// addresses of callers. Empty where nobody's word but ours goes on. Not for reading. `vouched`: the field that counts,
/// where the peer is a trusted proxy; `peer_tls`: whether the request reached us by https.
std::string hops_told(const RequestHead& request, const Disclosure& disclosure, std::optional<CallerField> vouched,
                      bool peer_tls);

}  // namespace adit::http
