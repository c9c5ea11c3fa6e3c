# Headers of others that most units read, parsed once: a third of what compiling takes. Only for builds that are thrown
# away; without it each file must include what it uses, which the release build checks.
option(ADIT_PRECOMPILE "Precompile the headers of the standard library and of Asio" OFF)

set(ADIT_STANDARD_HEADERS
    <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <expected> <functional> <map> <memory>
    <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <vector>)
set(ADIT_ASIO_HEADERS
    <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/address.hpp>
    <boost/asio/post.hpp> <boost/asio/steady_timer.hpp>)

if(ADIT_PRECOMPILE)
    foreach(kind base net)
        add_library(adit_precompiled_${kind} STATIC ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
        target_link_libraries(adit_precompiled_${kind} PRIVATE adit_options)
        target_compile_options(adit_precompiled_${kind} PRIVATE -Xclang -fno-pch-timestamp -fPIC)
        set_target_properties(adit_precompiled_${kind} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    endforeach()
    target_precompile_headers(adit_precompiled_base PRIVATE ${ADIT_STANDARD_HEADERS})
    target_precompile_headers(adit_precompiled_net PRIVATE ${ADIT_STANDARD_HEADERS} ${ADIT_ASIO_HEADERS})
endif()

# adit_precompile(TARGET DEPENDENCIES): what stands on Asio gets its headers too (they need its library when they are
# linked). Folders are added in the order of their dependencies.
function(adit_precompile target)
    if(NOT ADIT_PRECOMPILE)
        return()
    endif()
    get_property(over_asio GLOBAL PROPERTY ADIT_OVER_ASIO)
    set(kind base)
    foreach(dependency ${ARGN})
        if(dependency STREQUAL "adit_asio" OR dependency IN_LIST over_asio)
            set(kind net)
        endif()
    endforeach()
    if(kind STREQUAL "net")
        set_property(GLOBAL APPEND PROPERTY ADIT_OVER_ASIO ${target})
    endif()
    target_precompile_headers(${target} REUSE_FROM adit_precompiled_${kind})
    # Programs use them as libraries do: Clang insists on one kind of position-independent code.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp -fPIC)
endfunction()
