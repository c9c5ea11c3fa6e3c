// Looking at files; see file_watch.h.
#include "common/base/file_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace adit {
namespace {

std::string look_at(const std::filesystem::path& file) {
    std::string look;
    struct stat info{};
    if (::stat(file.c_str(), &info) == 0) {
        for (const auto part : {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
                                static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_mtim.tv_sec),
                                static_cast<std::int64_t>(info.st_mtim.tv_nsec)}) {
            look += std::to_string(part) + ' ';
        }
    }
    return look;
}

}  // namespace

void FileWatch::follow(const std::vector<std::filesystem::path>& files) {
    std::vector<File> next;
    for (const std::filesystem::path& path : files) {
        const auto before = std::ranges::find(files_, path, &File::path);
        if (before != files_.end()) {
            next.push_back(*before);
        } else {
            next.push_back({path, look_at(path), {}});
            next.back().seen = next.back().known;
        }
    }
    files_ = std::move(next);
}

void FileWatch::catch_up() {
    for (File& file : files_) {
        file.known = file.seen = look_at(file.path);
    }
}

bool FileWatch::changed() {
    bool all_stand = true;
    bool any_new = false;
    for (File& file : files_) {
        std::string now = look_at(file.path);
        all_stand = all_stand && now == file.seen;
        any_new = any_new || now != file.known;
        file.seen = std::move(now);
    }
    if (!all_stand || !any_new) {
        return false;
    }
    for (File& file : files_) {
        file.known = file.seen;
    }
    return true;
}

}  // namespace adit
