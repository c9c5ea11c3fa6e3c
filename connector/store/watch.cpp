// Polling of the tunnels' directory; see watch.h.
#include "connector/store/watch.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "common/base/file.h"

namespace adit {
namespace fs = std::filesystem;

/// Told when it begins or turns into another; an empty reason ends it.
void StoreWatch::set_trouble(std::string& place, Trouble::What what, std::string reason) {
    if (!reason.empty() && reason != place) {
        new_troubles_.push_back({what, reason});
    }
    place = std::move(reason);
}

bool StoreWatch::take_file(const fs::path& file, const Mark& mark) {
    Entry& entry = entries_[file.filename().string()];
    if (entry.mark == mark) {
        return false;
    }
    const auto text = read_file(file);
    entry.mark = text ? mark : Mark{};  // what keeps us off, such as its mode, may end without a mark
    auto record = text ? parse_tunnel(*text, file.string()) : Result<TunnelRecord>(std::unexpected(text.error()));
    set_trouble(entry.trouble, Trouble::What::file, record ? std::string() : record.error().message);
    if (!record) {
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

std::error_code StoreWatch::look_at_files(std::set<std::string>& seen, bool& changed) {
    std::error_code error;
    for (fs::directory_iterator item(directory_, error), end; !error && item != end; item.increment(error)) {
        const fs::path& file = item->path();
        const std::string name = file.filename().string();
        if (name.starts_with('.') || !name.ends_with(".json")) {
            continue;
        }
        struct stat facts{};
        const int unknown = ::stat(file.c_str(), &facts) == 0 ? 0 : errno;
        if (unknown == ENOENT) {
            continue;  // it has just gone, or is a link to nothing
        }
        seen.insert(name);
        if (unknown != 0 || !S_ISREG(facts.st_mode)) {  // a pipe would hold us up
            Entry& entry = entries_[name];
            entry.mark = {};
            set_trouble(entry.trouble, Trouble::What::file,
                        file.string() + ": " + (unknown != 0 ? std::strerror(unknown) : "it is no ordinary file"));
            continue;
        }
        const std::int64_t changed_ns = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec;
        changed = take_file(file, {facts.st_ino, changed_ns, facts.st_size}) || changed;
    }
    return error;
}

/// Tunnels whose files have gone; true when there were any.
bool StoreWatch::forget_others(const std::set<std::string>& seen) {
    const std::size_t gone = std::erase_if(entries_, [&](auto& entry) {
        if (seen.contains(entry.first)) {
            return false;
        }
        note(std::move(entry.second.record), std::nullopt);
        return true;
    });
    return gone > 0;
}

bool StoreWatch::look() {
    bool changed = false;
    std::set<std::string> seen;
    const std::error_code error = look_at_files(seen, changed);
    const bool not_yet = error == std::errc::no_such_file_or_directory && !was_there_;
    set_trouble(trouble_, Trouble::What::directory,
                error && !not_yet ? directory_.string() + ": " + error.message() : std::string());
    was_there_ = was_there_ || !error;
    if (!error) {
        changed = forget_others(seen) || changed;
    }
    looked_ = true;
    return changed;
}

std::vector<StoreWatch::Trouble> StoreWatch::troubles() const {
    if (!trouble_.empty()) {
        return {{Trouble::What::directory, trouble_}};
    }
    std::vector<Trouble> all;
    for (const auto& [name, entry] : entries_) {
        if (!entry.trouble.empty()) {
            all.push_back({Trouble::What::file, entry.trouble});
        }
    }
    return all;
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
