// Reading, making and removing key files; see key_directory.h.
#include "connector/credential/key_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <system_error>

#include "common/base/file.h"
#include "common/base/secret.h"

namespace adit::credential {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kEnding = ".pem";
constexpr const char* kLockName = ".lock";
constexpr auto kLockRetry = 20ms;
constexpr std::size_t kKidInName = 8;  ///< letters of it, so that names differ

/// "20260102T030405Z", from and to the form of RFC 3339 that parse_time() and format_time() have.
Result<WallTime> parse_compact(std::string_view text) {
    if (text.size() != 16) {
        return usage_error("the time is written as 20260102T030405Z");
    }
    std::string full(text);
    for (const auto& [at, mark] : {std::pair(4, "-"), {7, "-"}, {13, ":"}, {16, ":"}}) {
        full.insert(static_cast<std::size_t>(at), mark);
    }
    return parse_time(full);
}

std::string format_compact(WallTime time) {
    std::string text = format_time(time);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

struct NameParts {
    jose::Algorithm algorithm{};
    WallTime signs_from{};
};

Result<NameParts> parse_name(std::string_view name) {
    if (!name.ends_with(kEnding)) {
        return usage_error("it is not a key: the name does not end in .pem");
    }
    name.remove_suffix(kEnding.size());
    const std::size_t dot = std::min(name.find('.'), name.size());
    const auto algorithm = jose::parse_algorithm(name.substr(0, dot));
    if (!algorithm) {
        return usage_error("the name does not begin with an algorithm, as in ES256.20260102T030405Z.pem");
    }
    name.remove_prefix(std::min(dot + 1, name.size()));
    const auto signs_from = parse_compact(name.substr(0, name.find('.')));
    if (!signs_from) {
        return usage_error("the name does not say when the key begins to sign, as in ES256.20260102T030405Z.pem");
    }
    return NameParts{*algorithm, *signs_from};
}

std::string look_at(const std::filesystem::path& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) {
        return {};
    }
    std::string look;
    for (const auto part : {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
                            static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_mtim.tv_sec),
                            static_cast<std::int64_t>(info.st_mtim.tv_nsec)}) {
        look += std::to_string(part) + ' ';
    }
    return look;
}

std::string reason() {
    return std::strerror(errno);
}

/// The names that may be keys, in an order that does not depend on the file system.
Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    std::filesystem::directory_iterator entry(directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        if (!entry->path().filename().string().starts_with('.')) {
            files.push_back(entry->path());
        }
        if (files.size() > KeyDirectory::kFilesMost) {
            return usage_error(directory.string() + ": more than " + std::to_string(KeyDirectory::kFilesMost) +
                               " files");
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return usage_error(directory.string() + ": " + error.message());
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace

Result<StoredKey> KeyDirectory::load(const std::filesystem::path& file) const {
    const auto parts = parse_name(file.filename().string());
    if (!parts) {
        return std::unexpected(Error(parts.error()).with(file.string()));
    }
    auto text = read_file(file, kFileBytesMost);
    if (!text) {
        return std::unexpected(std::move(text.error()));
    }
    const Secret pem(std::move(*text));
    auto key = jose::SigningKey::from_pem(pem.reveal(), parts->algorithm);
    if (!key) {
        return std::unexpected(std::move(key.error()).with(file.string()));
    }
    StoredKey stored;
    stored.facts = {key->thumbprint(), parts->algorithm, parts->signs_from};
    stored.key = std::make_shared<const jose::SigningKey>(std::move(*key));
    stored.file = file;
    return stored;
}

Result<KeyDirectory::Reading> KeyDirectory::read() {
    const auto files = files_in(directory_);
    if (!files) {
        return std::unexpected(files.error());
    }
    std::map<std::filesystem::path, Known> now;
    Reading reading;
    std::error_code ignored;
    reading.exists = std::filesystem::exists(directory_, ignored);
    std::set<std::string> kids;
    for (const std::filesystem::path& file : *files) {
        std::string look = look_at(file);
        const auto before = known_.find(file);
        // A file that could not be read is tried again: new rights on it change neither its size nor its time.
        const bool same = before != known_.end() && before->second.stored && before->second.look == look;
        Known known{look, same ? before->second.stored : load(file)};
        if (!known.stored) {
            reading.problems.push_back(known.stored.error().message);
        } else if (!kids.insert(known.stored->facts.kid).second) {
            reading.problems.push_back(file.string() + ": another file has the same key");
        } else {
            reading.keys.push_back(*known.stored);
        }
        now.emplace(file, std::move(known));
    }
    known_ = std::move(now);
    return reading;
}

bool KeyDirectory::writable() const {
    if (::access(directory_.c_str(), W_OK | X_OK) == 0) {
        return true;
    }
    return errno == ENOENT;  // made by whoever takes the lock
}

KeyDirectory::Lock::~Lock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<std::optional<KeyDirectory::Lock>> KeyDirectory::lock(std::chrono::milliseconds patience) {
    std::error_code error;
    std::filesystem::create_directories(directory_.parent_path(), error);
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
        return failure(directory_.string() + ": " + reason());
    }
    const std::filesystem::path file = directory_ / kLockName;
    // The lock is the file's, and the kernel's: it ends with its process, so that no stale one has to be recognised.
    Lock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) {
        return failure(file.string() + ": " + reason());
    }
    const auto end = std::chrono::steady_clock::now() + patience;
    boost::asio::io_context context;
    boost::asio::steady_timer pause(context);
    while (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return failure(file.string() + ": " + reason());
        }
        if (std::chrono::steady_clock::now() >= end) {
            return std::nullopt;
        }
        pause.expires_after(kLockRetry);
        pause.wait();
    }
    return std::optional(std::move(lock));
}

Result<KeyFacts> KeyDirectory::make(const KeyWanted& wanted, const Lock&) {
    auto key = jose::SigningKey::generate(wanted.algorithm);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    KeyFacts facts{key->thumbprint(), wanted.algorithm, wanted.signs_from};
    std::string file(jose::name(wanted.algorithm));
    file.append(".").append(format_compact(wanted.signs_from));
    file.append(".").append(facts.kid, 0, kKidInName).append(kEnding);
    const Secret pem(key->to_pem());
    if (auto written = write_file_atomically(directory_ / file, pem.reveal()); !written) {
        return std::unexpected(std::move(written.error()));
    }
    return facts;
}

Result<> KeyDirectory::remove(const std::string& kid, const Lock&) {
    for (const auto& [file, known] : known_) {
        if (known.stored && known.stored->facts.kid == kid && ::unlink(file.c_str()) != 0 && errno != ENOENT) {
            return failure(file.string() + ": " + reason());
        }
    }
    return {};
}

}  // namespace adit::credential
