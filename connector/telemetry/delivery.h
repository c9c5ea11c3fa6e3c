// What a collector's answer means for the batch that it was sent. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "common/base/time.h"

namespace adit::telemetry {

enum class Verdict {
    delivered,
    again,    ///< not now: the same batch may be taken later
    refused,  ///< never: it would be refused each time
};

/// Of an answer's status; 0 when there was no answer.
Verdict judge(int status);

/// How long Retry-After asks to wait (RFC 9110 §10.2.3: seconds or a date), bounded; zero when it says nothing useful.
std::chrono::milliseconds retry_after(std::string_view value, WallTime now);

}  // namespace adit::telemetry
