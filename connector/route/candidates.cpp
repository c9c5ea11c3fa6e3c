// Walking through a selection; see candidates.h.
#include "connector/route/candidates.h"

#include "connector/route/affinity.h"

namespace adit::route {

Candidates::Candidates(Asking& asking)
    : asking_(asking),
      selection_(asking.backend.select(affinity(asking.backend.roster().balance(), asking.exchange, asking.passage))),
      current_(next_allowed()) {}

backend::Endpoint* Candidates::next_allowed() {
    const net::Time now = asking_.loop().now();
    backend::Endpoint* endpoint = selection_.next(now);
    while (endpoint != nullptr && asking_.passage.access != nullptr) {
        const access::Verdict verdict = asking_.passage.decide(endpoint->dialer->hop());
        if (verdict.allowed) {
            break;
        }
        asking_.trace.denied = verdict.reason;
        selection_.bar(*endpoint);
        endpoint = selection_.next(now);
    }
    asking_.trace.panic = asking_.trace.panic || selection_.panicking();
    return endpoint;
}

backend::Endpoint* Candidates::next() {
    if (!ahead_) {
        ahead_ = next_allowed();
    }
    return *ahead_;
}

void Candidates::advance() {
    backend::Endpoint* endpoint = next();
    ahead_.reset();
    if (endpoint == nullptr) {
        selection_.again();
        endpoint = next_allowed();
    }
    if (endpoint != nullptr) {  // else they have all become ill meanwhile: the last one is asked again
        current_ = endpoint;
    }
}

problem::Failure Candidates::nobody() const {
    for (std::size_t i = 0; i < asking_.backend.endpoints(); ++i) {
        const access::Verdict verdict = asking_.passage.decide(asking_.backend.endpoint(i).dialer->hop());
        if (verdict.allowed) {
            return asking_.backend.nobody(asking_.loop().now());
        }
        asking_.trace.denied = verdict.reason;
    }
    return problem::access_denied(asking_.trace.denied);
}

}  // namespace adit::route
