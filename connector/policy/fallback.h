// Who answers when a backend cannot: which ends of a request ask for that.
#pragma once

#include <memory>
#include <vector>

#include "common/problem/failure.h"
#include "connector/admin/degrading_metrics.h"
#include "connector/config/degrade.h"
#include "connector/http/message.h"

namespace adit::policy {

/// Of a route or a backend; compiled once, then only read by all workers.
struct Fallback {
    config::Fallback rule;
    std::vector<std::shared_ptr<FallbackMetrics>> metrics;  ///< by step
};

/// Whether an answer is one of those that another shall be given for.
bool stands_in_for(const config::Fallback& rule, const http::ResponseHead& answer);
/// The same of a failure: every refusal of ours, and what `on` says of the origin. Never what the client has done
/// wrong, and not that it has left.
bool stands_in_for(const config::Fallback& rule, const problem::Failure& failure);

}  // namespace adit::policy
