// Tries in words; see forward.h.
#include <string>

#include "common/base/time.h"
#include "connector/route/forward.h"

namespace adit::route {

std::string_view name(TryTold::Phase phase) {
    switch (phase) {
        case TryTold::Phase::way:
            return "way";
        case TryTold::Phase::credential:
            return "credential";
        case TryTold::Phase::connect:
            return "connect";
        case TryTold::Phase::wait:
            return "wait";
        case TryTold::Phase::answer:
            break;
    }
    return "answer";
}

std::string outcome_of(const TryTold& told) {
    return told.end == resilience::Outcome::End::answered ? "status " + std::to_string(told.status)
           : !told.code.empty()                           ? std::string(told.code)
                                                          : std::string(resilience::name(told.end));
}

std::string describe(const std::vector<TryTold>& tries) {
    using std::chrono::milliseconds;
    std::string out;
    for (const TryTold& told : tries) {
        out += out.empty() ? "" : "; ";
        if (const auto waited = std::chrono::duration_cast<milliseconds>(told.waited); waited.count() > 0) {
            out += "after " + std::to_string(waited.count()) + "ms ";
        }
        out.append(told.endpoint);
        if (!told.agent.empty()) {
            out += " by " + told.agent;
        }
        out += ": " + outcome_of(told) + " (";
        out.append(name(told.phase)).append(", ");
        out += std::to_string(std::chrono::duration_cast<milliseconds>(told.took).count()) + "ms)";
        if (told.why != resilience::Declined::may) {
            out.append(" ").append(resilience::name(told.why));
        }
    }
    return out;
}

}  // namespace adit::route
