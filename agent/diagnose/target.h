// What an agent would find at the targets of its allow list, seen from here.
#pragma once

#include <memory>

#include "agent/allow/allow_list.h"
#include "agent/diagnose/finding.h"
#include "common/net/resolver.h"
#include "common/net/task.h"

namespace adit::agent {

/// One finding per pattern, in order. Patterns of exactly one target are looked up, checked and dialled as the agent
/// would for a request; the connection is closed without a byte. Wider ones are named as such.
net::Task<Findings> visit_targets(net::Loop& loop, net::Resolver& resolver, std::shared_ptr<const AllowList> allow);

}  // namespace adit::agent
