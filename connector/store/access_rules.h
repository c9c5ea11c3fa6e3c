// The access rules that a tunnel's file has for a service.
#pragma once

#include <optional>

#include "connector/access/rule.h"
#include "connector/store/record.h"

namespace adit {

/// Nothing where the file says nothing of who may use the service. A file that names projects means that nobody else
/// may: also one that names none of their environments.
std::optional<access::Rules> access_rules(const ServiceRecord& service);

}  // namespace adit
