// Bounds of configuration files: far above any real one, low enough that none can exhaust memory.
#pragma once

#include <cstddef>

namespace adit::yaml::limits {

inline constexpr std::size_t file_bytes = 16 << 20;       ///< one YAML file
inline constexpr std::size_t nodes = 500'000;             ///< values in one file; an alias counts what it stands for
inline constexpr std::size_t depth = 64;                  ///< lists and maps within each other
inline constexpr std::size_t files = 256;                 ///< one configuration with all its includes
inline constexpr std::size_t substitute_bytes = 1 << 20;  ///< content of one ${file:PATH}

}  // namespace adit::yaml::limits
