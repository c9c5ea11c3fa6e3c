// Time; see asking.h.
#include "connector/route/asking.h"

#include <algorithm>

#include "common/base/time.h"

namespace adit::route {

std::chrono::milliseconds Asking::left() const {
    if (ends.at == net::Time::max()) {
        return std::chrono::milliseconds::max();
    }
    return std::max(std::chrono::floor<std::chrono::milliseconds>(ends.at - loop().now()),
                    std::chrono::milliseconds(0));
}

problem::Failure Asking::out_of_time() const {
    switch (ends.by) {
        case Ends::By::grpc_timeout:
            return problem::total_timeout("the caller's own grpc-timeout");
        case Ends::By::earlier_hop:
            return problem::total_timeout("the time that an earlier hop has left for it");
        case Ends::By::total:
        case Ends::By::nobody:
            break;
    }
    return problem::total_timeout(format_duration(plan.timeouts.total));
}

}  // namespace adit::route
