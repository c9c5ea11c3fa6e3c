// Finished lines on their way to the places that keep them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/log/queue.h"

namespace adit::logging {

enum class Level { trace, debug, info, warn, error };

std::string_view name(Level level);

/// What a line tells of: what the program does, or a request.
enum class Kind { program, access };

/// What a sink may want to know of a line without reading it.
struct Line {
    WallTime at;
    Level level = Level::info;
    std::uint32_t size = 0;  ///< in bytes, its newline included
};

/// Lines of one kind, in order. Immutable once it is handed over: sinks share it.
struct Batch {
    Kind kind = Kind::program;
    std::string text;         ///< each line ends with a newline
    std::vector<Line> lines;  ///< their sizes add up to that of `text`

    /// Calls `use(line, text)` for each line, `text` without its newline.
    template <class Use>
    void for_each(Use use) const {
        std::string_view rest = text;
        for (const Line& line : lines) {
            use(line, rest.substr(0, line.size - 1));
            rest.remove_prefix(line.size);
        }
    }
};

using BatchQueue = Queue<std::shared_ptr<const Batch>>;

}  // namespace adit::logging
