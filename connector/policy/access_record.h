// What every exchange has to tell to the access log, whoever served it.
#pragma once

#include "connector/http/exchange.h"
#include "connector/policy/access_log.h"
#include "connector/route/forward.h"

namespace adit::policy {

/// The record of an exchange that has ended at `now`, with views into all three. Which route it took, and why it
/// failed, is added by whoever knows.
AccessRecord access_record(const http::Exchange& exchange, const route::Trace& trace, net::Time now);

}  // namespace adit::policy
