// Where libFuzzer, or the replay of a corpus, enters a target.
#include "tests/fuzz/target.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>

void adit::fuzz::demand(bool held, const char* words) {
    if (!held) {
        std::cerr << "does not hold: " << words << '\n';
        std::abort();
    }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    adit::fuzz::run({reinterpret_cast<const char*>(bytes), size});
    return 0;
}
