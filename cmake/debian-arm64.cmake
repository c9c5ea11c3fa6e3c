# Compiling for Debian on arm64 on a machine that is another: a toolchain file, for CMAKE_TOOLCHAIN_FILE, where the libraries
# of arm64 were installed beside those of the machine (scripts/install-dependencies --architecture arm64 build).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(ADIT_TRIPLET aarch64-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/AditCross.cmake)
