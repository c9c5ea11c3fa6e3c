// The keys of an issuer as files of a directory, which several connectors may share, or which others fill.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/jose/jose.h"
#include "connector/credential/key_schedule.h"

namespace adit::credential {

/// A key with the file that holds it.
struct StoredKey {
    KeyFacts facts;
    std::shared_ptr<const jose::SigningKey> key;
    std::filesystem::path file;
};

/// A key is a PEM file whose name says what it is for and from when on it signs: ES256.20260102T030405Z.pem; what
/// stands between the time and ".pem", behind another dot, is free. Its kid is its thumbprint (RFC 7638). Names that
/// begin with a dot are not looked at. Used on one thread at a time; every call may block on the disk.
class KeyDirectory {
  public:
    explicit KeyDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}

    struct Reading {
        bool exists = true;  ///< the directory; without it there is nothing else
        std::vector<StoredKey> keys;
        std::vector<std::string> problems;  ///< of files that are not used, each with its name
    };
    /// All keys that are there now; files that have not changed since the last reading are not read again. Fails when
    /// the directory itself cannot be read. A directory that does not exist has no keys.
    Result<Reading> read();

    /// Whether we may make keys: a secret of Kubernetes, for one, is mounted read-only.
    bool writable() const;

    /// Held by the one connector that makes or removes keys; ends with it, or with its process.
    class Lock {
      public:
        Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
        Lock& operator=(Lock&&) = delete;
        ~Lock();

      private:
        friend class KeyDirectory;
        explicit Lock(int fd) : fd_(fd) {}
        int fd_;
    };
    /// Makes the directory (mode 0700) if it is missing; nothing when another connector has the lock for longer than
    /// `patience`.
    Result<std::optional<Lock>> lock(std::chrono::milliseconds patience);

    /// Makes a key and stores it (mode 0600), with the lock held.
    Result<KeyFacts> make(const KeyWanted& wanted, const Lock& lock);
    Result<> remove(const std::string& kid, const Lock& lock);

    static constexpr std::size_t kFilesMost = 1'000;
    static constexpr std::size_t kFileBytesMost = 64 * 1024;

  private:
    struct Known {
        std::string look;  ///< size, time and identity of the file when it was read
        Result<StoredKey> stored;
    };
    Result<StoredKey> load(const std::filesystem::path& file) const;

    std::filesystem::path directory_;
    std::map<std::filesystem::path, Known> known_;
};

}  // namespace adit::credential
