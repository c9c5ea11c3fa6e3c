// Names and help texts of these metrics; see admin_metrics.h.
#include "connector/admin/admin_metrics.h"

namespace adit {

AdminMetrics::AdminMetrics(metrics::Registry& registry) {
    for (std::size_t i = 0; i < refused_.size(); ++i) {
        const auto why = static_cast<status::Refusal::Why>(i);
        refused_[i] = &registry.counter("adit_admin_refused_total",
                                        "Requests at the admin address that were refused, by what was wrong.",
                                        {{"reason", std::string(name_of(why))}});
    }
}

}  // namespace adit
