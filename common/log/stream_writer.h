// Standard output and standard error, whatever they are: a terminal, a file, a pipe or a socket.
#pragma once

#include "common/log/writer.h"

namespace adit::logging {

/// Waits for a reader that does not read, and gives lines up when there is none any more.
class StreamWriter final : public Writer {
  public:
    /// `fd` is not owned, and not changed: others may share its open file.
    explicit StreamWriter(int fd);
    std::uint64_t write(const Batch& batch, const Abandon& abandon) override;

  private:
    enum class Nature { file, socket, other };

    int fd_;
    Nature nature_;
};

}  // namespace adit::logging
