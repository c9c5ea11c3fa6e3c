// glibc's heap; see free_memory.h.
#include "common/base/free_memory.h"

#include <malloc.h>

#include <algorithm>

namespace adit {

FreeMemory::FreeMemory()
    : FreeMemory([] { return ::mallinfo2().fordblks; }, [] { static_cast<void>(::malloc_trim(0)); }) {}

bool FreeMemory::too_soon(Time now) {
    if (now < next_) {
        return true;
    }
    next_ = now + kInterval;
    return false;
}

void FreeMemory::look(Time now) {
    if (too_soon(now)) {
        return;
    }
    const std::uint64_t free = count_();
    least_ = std::min(least_, free);
    if (free >= least_ + kMuch) {
        give_back_();
        least_ = free;
    }
}

void FreeMemory::give_back(Time now) {
    if (!too_soon(now)) {
        give_back_();
        least_ = count_();
    }
}

}  // namespace adit
