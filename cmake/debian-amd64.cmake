# As debian-arm64.cmake, the other way round.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(ADIT_TRIPLET x86_64-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/AditCross.cmake)
