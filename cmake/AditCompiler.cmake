# Language level, warnings and hardening, the same for every target of ours.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(FATAL_ERROR "GCC ${CMAKE_CXX_COMPILER_VERSION} destroys temporaries of co_await expressions twice "
                        "(fixed in GCC 13); configure with a preset (clang 19) or a newer GCC.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

find_program(ADIT_CCACHE ccache)
if(ADIT_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${ADIT_CCACHE})
    # What ccache asks for where headers are precompiled; no unit of ours looks at the time it is compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ADIT_CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_link_options(-fuse-ld=lld)
endif()

set(ADIT_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")

add_library(adit_options INTERFACE)
target_compile_options(adit_options INTERFACE -Wall -Wextra -Wpedantic -Werror -fstack-protector-strong)
# Control flow is guarded by what the processor has for it.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(ADIT_CONTROL_FLOW -fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(ADIT_CONTROL_FLOW -mbranch-protection=standard)
endif()
target_compile_options(adit_options INTERFACE ${ADIT_CONTROL_FLOW})
# AddressSanitizer describes each variable and branch by addresses: two million of them, which a program that may lie anywhere
# corrects at each start. Tests start thousands.
if(ADIT_SANITIZE MATCHES "address")
    set(ADIT_PLACE -no-pie)
else()
    set(ADIT_PLACE -pie)
endif()
target_link_options(adit_options INTERFACE ${ADIT_PLACE} -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT ADIT_SANITIZE)
    target_compile_options(adit_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    # The same commit gives the same bytes wherever it is built: no path of the build tree, in debug information neither.
    # `scripts/reproduce` proves it.
    add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
    add_link_options(-Wl,--build-id=sha1)
endif()
if(ADIT_SANITIZE)
    target_compile_options(adit_options INTERFACE -fsanitize=${ADIT_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
    target_link_options(adit_options INTERFACE -fsanitize=${ADIT_SANITIZE})
endif()

# Counters of lines and branches as they stand in the source (scripts/coverage). Relocated ones live in a mapped file, so that
# a program that is killed has told what it did until then.
option(ADIT_COVERAGE "Count what runs" OFF)
if(ADIT_COVERAGE)
    target_compile_options(adit_options INTERFACE -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation)
    target_link_options(adit_options INTERFACE -fprofile-instr-generate)
endif()

# One definition of Asio and Beast for all targets: separate compilation (adit_asio) keeps each unit small. Frames of
# coroutines come from malloc: Asio's own cache of them keeps none above 1020 bytes, and looking through it costs more.
target_compile_definitions(adit_options INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
    BOOST_ASIO_DISABLE_VISIBILITY BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING
    SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB ADIT_VERSION="${PROJECT_VERSION}")
target_include_directories(adit_options INTERFACE ${CMAKE_SOURCE_DIR})
