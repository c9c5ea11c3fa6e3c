// Looking at files; see file_watch.h.
#include "connector/file_watch.h"

#include <sys/stat.h>

#include <utility>

namespace adit {

void FileWatch::follow(std::vector<std::filesystem::path> files) {
    files_ = std::move(files);
    known_ = seen_ = look();
}

std::string FileWatch::look() const {
    std::string all;
    for (const std::filesystem::path& file : files_) {
        struct stat info{};
        if (::stat(file.c_str(), &info) == 0) {
            for (const auto part :
                 {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
                  static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_mtim.tv_sec),
                  static_cast<std::int64_t>(info.st_mtim.tv_nsec)}) {
                all += std::to_string(part) + ' ';
            }
        }
        all += '\n';
    }
    return all;
}

bool FileWatch::changed() {
    std::string now = look();
    const bool stands = now == seen_;
    seen_ = std::move(now);
    if (!stands || seen_ == known_) {
        return false;
    }
    known_ = seen_;
    return true;
}

}  // namespace adit
