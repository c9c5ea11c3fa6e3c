// What ties a request to an endpoint where requests are spread by hash.
#pragma once

#include <cstdint>
#include <optional>

#include "connector/config/resilience.h"
#include "connector/http/exchange.h"
#include "connector/route/passage.h"

namespace adit::route {

/// The same for requests of the same consumer, client, header or cookie value, on every connector. Nothing where the
/// balance is another or the request has no such thing: then chance decides.
std::optional<std::uint64_t> affinity(const config::Balance& balance, const http::Exchange& exchange,
                                      const Passage& passage);

}  // namespace adit::route
