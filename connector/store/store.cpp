// Files of tunnels; see store.h.
#include "connector/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/file.h"
#include "common/base/strings.h"
#include "connector/store/address_rows.h"

namespace adit {
namespace fs = std::filesystem;
namespace {

/// Holds the directory's lock; makes the directory when it is missing.
class Lock {
  public:
    static Result<Lock> take(const fs::path& directory) {
        const std::string doing = "cannot change tunnels in " + directory.string();
        if (auto made = make_private_directory(directory); !made) {
            return std::unexpected(std::move(made.error()).with(doing));
        }
        auto fd = open_or_make(directory / ".lock", O_RDWR);
        if (!fd) {
            return std::unexpected(std::move(fd.error()).with(doing + ": .lock"));
        }
        Lock lock(*fd);
        if (::flock(*fd, LOCK_EX) != 0) {
            return failure(doing + ": " + std::strerror(errno));
        }
        return lock;
    }
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Lock() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

  private:
    explicit Lock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace

fs::path Store::file_of(std::string_view name) const {
    return directory_ / (std::string(name) + ".json");
}

Result<std::vector<TunnelRecord>> Store::load_all() const {
    std::vector<TunnelRecord> records;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_, error)) {
        const std::string file = entry.path().filename().string();
        if (file.starts_with('.') || !file.ends_with(".json")) {
            continue;
        }
        const auto text = read_file(entry.path());
        if (!text) {
            return std::unexpected(text.error());
        }
        auto record = parse_tunnel(*text, entry.path().string());
        if (!record) {
            return std::unexpected(std::move(record.error()));
        }
        records.push_back(std::move(*record));
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return failure(directory_.string() + ": " + error.message());
    }
    std::ranges::sort(records, {}, &TunnelRecord::name);
    return records;
}

Result<TunnelRecord> Store::find(std::string_view name_or_id) const {
    auto records = load_all();
    if (!records) {
        return std::unexpected(std::move(records.error()));
    }
    std::vector<std::string> names;
    for (TunnelRecord& record : *records) {
        if (record.name == name_or_id || record.id == name_or_id) {
            return std::move(record);
        }
        names.push_back(record.name);
    }
    const auto meant = closest_match(name_or_id, names);
    return usage_error("there is no tunnel '" + std::string(name_or_id) + "' in " + directory_.string() +
                       (meant ? "; did you mean '" + *meant + "'?" : ""));
}

Result<> Store::check_services(const TunnelRecord& record) const {
    const auto others = load_all();
    if (!others) {
        return std::unexpected(others.error());
    }
    for (const TunnelRecord& other : *others) {
        if (other.id == record.id) {
            continue;
        }
        for (const ServiceRecord& service : record.services) {
            if (std::ranges::find(other.services, service.name, &ServiceRecord::name) != other.services.end()) {
                return usage_error("the service name '" + service.name + "' is taken by tunnel '" + other.name + "'");
            }
        }
    }
    return {};
}

/// Addresses for the rows of a record that have none yet. Called with the lock held.
Result<> Store::place_rows(TunnelRecord& record) const {
    for (KeyRecord& key : record.keys) {
        if (!key.wireguard || !key.wireguard->address.is_unspecified()) {
            continue;
        }
        auto records = network_ ? load_all() : usage_error("the configuration has no tunnels.wireguard");
        if (!records) {
            return std::unexpected(std::move(records.error()));
        }
        records->push_back(record);  // whose rows may be newer than those on the disk
        const auto address = free_row(*network_, key.wireguard->public_keys.size(), *records);
        if (!address) {
            return std::unexpected(address.error());
        }
        key.wireguard->address = *address;
    }
    return {};
}

Result<TunnelRecord> Store::create(TunnelRecord record) {
    const auto lock = Lock::take(directory_);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    std::error_code ignored;
    if (fs::exists(file_of(record.name), ignored)) {
        return usage_error("a tunnel '" + record.name + "' exists already; for another token of it use rotate-token");
    }
    if (auto placed = place_rows(record); !placed) {
        return std::unexpected(std::move(placed.error()));
    }
    if (auto told = tell(nullptr, &record); !told) {
        return std::unexpected(std::move(told.error()));
    }
    if (auto written = write_file_atomically(file_of(record.name), format_tunnel(record)); !written) {
        return std::unexpected(std::move(written.error()));
    }
    return record;
}

Result<TunnelRecord> Store::update(std::string_view name_or_id, const std::function<Result<>(TunnelRecord&)>& change) {
    const auto lock = Lock::take(directory_);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    auto record = find(name_or_id);
    if (!record) {
        return record;
    }
    const TunnelRecord before = *record;
    if (auto changed = change(*record); !changed) {
        return std::unexpected(std::move(changed.error()));
    }
    if (auto unique = check_services(*record); !unique) {
        return std::unexpected(std::move(unique.error()));
    }
    if (auto placed = place_rows(*record); !placed) {
        return std::unexpected(std::move(placed.error()));
    }
    if (auto told = tell(&before, &*record); !told) {
        return std::unexpected(std::move(told.error()));
    }
    if (auto written = write_file_atomically(file_of(record->name), format_tunnel(*record)); !written) {
        return std::unexpected(std::move(written.error()));
    }
    return record;
}

Result<TunnelRecord> Store::remove(std::string_view name_or_id) {
    const auto lock = Lock::take(directory_);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    auto record = find(name_or_id);
    if (!record) {
        return record;
    }
    if (auto told = tell(&*record, nullptr); !told) {
        return std::unexpected(std::move(told.error()));
    }
    std::error_code error;
    if (!fs::remove(file_of(record->name), error)) {
        return failure("cannot remove " + file_of(record->name).string() + ": " + error.message());
    }
    return record;
}

}  // namespace adit
