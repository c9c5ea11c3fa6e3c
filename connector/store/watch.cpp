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
    entry.record.clear();
    entry.record.push_back(std::move(*record));
    return true;
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
        return changed;  // better the last state than none
    }
    changed = std::erase_if(entries_, [&](const auto& entry) { return !seen.contains(entry.first); }) > 0 || changed;
    return changed;
}

std::vector<TunnelRecord> StoreWatch::records() const {
    std::vector<TunnelRecord> all;
    for (const auto& [name, entry] : entries_) {
        all.insert(all.end(), entry.record.begin(), entry.record.end());
    }
    return all;
}

}  // namespace adit
