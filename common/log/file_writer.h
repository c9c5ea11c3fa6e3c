// A log file that is moved aside when it has grown, and found again when somebody else has moved it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/log/writer.h"

namespace adit::logging {

/// Before a line would make the file larger than `max_size`, NAME becomes NAME.1, NAME.1 becomes NAME.2 and so on, by
/// renames, so that every name is always a whole file; NAME.<keep> goes. After reopen() the name is opened anew, which
/// is what logrotate wants.
class FileWriter final : public Writer {
  public:
    struct Settings {
        std::filesystem::path path;
        std::uint64_t max_size = 100 << 20;  ///< 0: it is never moved aside
        std::uint32_t keep = 5;              ///< old files beside it; at least one
    };

    /// Whether lines could be written to such a file now; makes it if it is missing. An error of the configuration.
    static Result<> usable(const std::filesystem::path& path);

    explicit FileWriter(Settings settings) : settings_(std::move(settings)) {}
    ~FileWriter() override;

    std::uint64_t write(const Batch& batch, const Abandon& abandon) override;
    void reopen() override;

  private:
    bool open();
    void close();
    void rotate();
    std::string_view portion(std::string_view text) const;
    std::size_t put(std::string_view lines);
    void complain(int error);

    Settings settings_;
    int fd_ = -1;
    std::uint64_t size_ = 0;
    bool immovable_ = false;   ///< it could not be moved aside: it grows on until it is opened anew
    bool torn_ = false;        ///< the last line was cut in the middle
    bool complained_ = false;  ///< since the last line that could be written
};

}  // namespace adit::logging
