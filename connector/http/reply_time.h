// Times in answers of HTTP. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/base/time.h"

namespace adit::http {

/// How long Retry-After asks to wait (RFC 9110 §10.2.3: seconds or a date), not below zero; nothing when it says
/// nothing useful.
std::optional<std::chrono::seconds> retry_after(std::string_view field, WallTime now);

}  // namespace adit::http
