// A member of the list; see marking.h.
#include "connector/cache/marking.h"

namespace adit::cache {

std::string text(const Marking& marking) {
    std::string out(kCacheName);
    if (marking.hit) {
        out += "; hit";
    } else {
        out.append("; fwd=").append(marking.fwd);
    }
    if (marking.fwd_status) {
        out += "; fwd-status=" + std::to_string(*marking.fwd_status);
    }
    if (marking.ttl) {
        out += "; ttl=" + std::to_string(std::chrono::floor<seconds>(*marking.ttl).count());
    }
    if (marking.stored) {
        out += "; stored";
    }
    if (marking.collapsed) {
        out += "; collapsed";
    }
    if (!marking.detail.empty()) {
        out.append("; detail=").append(marking.detail);
    }
    return out;
}

}  // namespace adit::cache
