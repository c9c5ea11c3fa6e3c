// Names and help texts of these metrics; see admin_metrics.h.
#include "connector/admin/admin_metrics.h"

namespace adit {

AdminMetrics::AdminMetrics(metrics::Registry& registry)
    : audit_writable_(&registry.gauge(
          "adit_admin_audit_writable",
          "Whether lines of the audit log can be written; while they cannot, changes by operators are refused.")),
      audit_failures_(
          &registry.counter("adit_admin_audit_failures_total", "Lines of the audit log that could not be written.")) {
    for (std::size_t i = 0; i < refused_.size(); ++i) {
        const auto why = static_cast<status::Refusal::Why>(i);
        refused_[i] = &registry.counter(
            "adit_admin_refused_total",
            "Those who were refused at the admin address, or at the one of metrics, by what was wrong.",
            {{"reason", std::string(name_of(why))}});
    }
}

}  // namespace adit
