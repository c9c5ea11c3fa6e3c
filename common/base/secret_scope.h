// For the stretches of code in which secrets pass through hands that know nothing of secrets: parsers, strings, files.
#pragma once

namespace adit {

/// While one lives, this thread overwrites what it frees, and what OpenSSL allocates on it is in locked memory (see
/// tls/key_memory.h). It costs too much for requests, and is meant for start, reload and the reading of keys. Scopes
/// nest.
class SecretScope {
  public:
    SecretScope() { ++depth_; }
    ~SecretScope() { --depth_; }
    SecretScope(const SecretScope&) = delete;
    SecretScope& operator=(const SecretScope&) = delete;

    static bool active() { return depth_ > 0; }

  private:
    static constinit thread_local int depth_;
};

}  // namespace adit
