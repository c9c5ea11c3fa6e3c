// Comparing outcomes with conditions; see outcome.h.
#include "connector/resilience/outcome.h"

namespace adit::resilience {

bool meets(const config::Conditions& conditions, const Outcome& outcome) {
    switch (outcome.end) {
        case Outcome::End::answered:
            if (outcome.retriable_header && conditions.retriable_header) {
                return true;
            }
            return outcome.grpc > 0 ? conditions.has_grpc(outcome.grpc) : conditions.has_status(outcome.status);
        case Outcome::End::connect_failure:
            return conditions.connect_failure;
        case Outcome::End::refused_stream:
            return conditions.refused_stream;
        case Outcome::End::reset:
            return conditions.reset;
        case Outcome::End::timeout:
            return conditions.timeout;
        case Outcome::End::malformed:
            return conditions.malformed;
        case Outcome::End::neutral:
            break;
    }
    return false;
}

std::string_view name(Outcome::End end) {
    switch (end) {
        case Outcome::End::answered:
            return "answered";
        case Outcome::End::connect_failure:
            return "connect-failure";
        case Outcome::End::refused_stream:
            return "refused-stream";
        case Outcome::End::reset:
            return "reset";
        case Outcome::End::timeout:
            return "timeout";
        case Outcome::End::malformed:
            return "malformed";
        case Outcome::End::neutral:
            break;
    }
    return "neutral";
}

std::string describe(const Outcome& outcome) {
    if (outcome.end != Outcome::End::answered) {
        return std::string(name(outcome.end));
    }
    return outcome.grpc > 0 ? "grpc-status " + std::to_string(outcome.grpc)
                            : "status " + std::to_string(outcome.status);
}

}  // namespace adit::resilience
