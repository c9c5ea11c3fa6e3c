// What both ways to Google's tokens know.
#pragma once

namespace adit::credential {

/// The scope of all of Google Cloud's APIs: what a token is for where nothing narrower is configured.
inline constexpr const char* kCloudPlatform = "https://www.googleapis.com/auth/cloud-platform";

}  // namespace adit::credential
