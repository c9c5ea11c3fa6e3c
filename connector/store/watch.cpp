// Polling of the tunnels' directory; see watch.h.
#include "connector/store/watch.h"

#include <sys/stat.h>

#include <set>

#include "common/base/file.h"

namespace adit {
namespace fs = std::filesystem;

bool StoreWatch::take_file(const fs::path& file, const Mark& mark) {
    Entry& entry = entries_[file.filename().string()];
    if (entry.mark == mark) {
        return false;
    }
    entry.mark = mark;
    const auto text = read_file(file);
    auto record = text ? parse_tunnel(*text, file.string()) : Result<TunnelRecord>(std::unexpected(text.error()));
    if (!record) {
        problems_.push_back(record.error().message);
        return false;
    }
    auto before = std::exchange(entry.record, std::move(*record));
    note(std::move(before), entry.record);
    return true;
}

void StoreWatch::note(std::optional<TunnelRecord> before, const std::optional<TunnelRecord>& after) {
    const bool same = before && after && format_tunnel(*before) == format_tunnel(*after);
    if (looked_ && !same && (before || after)) {
        changes_.push_back({std::move(before), after});
    }
}

bool StoreWatch::look() {
    bool changed = false;
    std::set<std::string> seen;
    std::error_code error;
    for (const auto& item : fs::directory_iterator(directory_, error)) {
        const std::string name = item.path().filename().string();
        struct stat facts{};
        if (name.starts_with('.') || !name.ends_with(".json") || ::stat(item.path().c_str(), &facts) != 0) {
            continue;
        }
        seen.insert(name);
        const Mark mark{facts.st_ino, facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec, facts.st_size};
        changed = take_file(item.path(), mark) || changed;
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        problems_.push_back(directory_.string() + ": " + error.message());
        looked_ = true;
        return changed;  // better the last state than none
    }
    const std::size_t gone = std::erase_if(entries_, [&](auto& entry) {
        if (seen.contains(entry.first)) {
            return false;
        }
        note(std::move(entry.second.record), std::nullopt);
        return true;
    });
    looked_ = true;
    return gone > 0 || changed;
}

std::vector<TunnelRecord> StoreWatch::records() const {
    std::vector<TunnelRecord> all;
    for (const auto& [name, entry] : entries_) {
        if (entry.record) {
            all.push_back(*entry.record);
        }
    }
    return all;
}

}  // namespace adit
