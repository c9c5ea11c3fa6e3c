// Where OpenSSL keeps private keys: in the memory that is for secrets.
#pragma once

#include <openssl/evp.h>

namespace adit::tls {

/// Has OpenSSL allocate from locked memory (common/base/locked_memory.h) within a SecretScope: a private key that is
/// read or made there, and everything that its decoding leaves behind. Its own secure heap would refuse new handshakes
/// once it is full, since it takes their short-lived keys as well. To be called once, before any use of OpenSSL; false:
/// it was too late, and keys are where OpenSSL puts them.
bool keep_keys_locked();

/// What an RSA key computes of its factors for its first signature lies where that is made: to be called in the scope
/// that has read the key. Keys that cannot sign are left alone.
void settle(EVP_PKEY* key);

}  // namespace adit::tls
