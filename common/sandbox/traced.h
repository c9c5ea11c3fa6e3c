// Builds that trace themselves.
#pragma once

namespace adit::sandbox {

/// Whether the program stops and reads its own threads: LeakSanitizer looks for leaks by tracing them.
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(leak_sanitizer))
inline constexpr bool kTraced = true;
#else
inline constexpr bool kTraced = false;
#endif

}  // namespace adit::sandbox
