# libFuzzer is part of the sanitizers' build: it needs Clang and AddressSanitizer. In other builds fuzz targets replay their corpora.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND ADIT_SANITIZE MATCHES "address")
    set(ADIT_LIBFUZZER ON)
else()
    set(ADIT_LIBFUZZER OFF)
endif()

# adit_fuzzed(TARGET...): libFuzzer sees what runs in these. It is what -fsanitize=fuzzer-no-link instruments, said by hand because
# headers precompiled without that flag are not taken with it. Without libFuzzer, AddressSanitizer's runtime takes the calls.
function(adit_fuzzed)
    if(ADIT_LIBFUZZER)
        foreach(target ${ARGN})
            target_compile_options(${target} PRIVATE
                -fsanitize-coverage=inline-8bit-counters,pc-table,indirect-calls,trace-cmp)
        endforeach()
    endif()
endfunction()
