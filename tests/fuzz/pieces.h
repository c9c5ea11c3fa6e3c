// Bytes that arrive all at once, and then in pieces.
#pragma once

#include <string>
#include <string_view>

#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace adit::fuzz {

struct Outcome {
    std::string_view bytes;
    std::string words;
};

/// What comes of the rest of the input, by `outcome_of(bytes, piece)`; demands that it is the same whatever the size of
/// the pieces in which the bytes arrive.
template <class OutcomeOf>
Outcome outcome_in_pieces(Input& decisions, OutcomeOf outcome_of) {
    const std::size_t piece = 1 + decisions.below(64);
    const std::string_view bytes = decisions.rest();
    Outcome whole{bytes, outcome_of(bytes, bytes.size() + 1)};
    demand(whole.words == outcome_of(bytes, piece), "the same comes of it however its bytes arrive");
    return whole;
}

}  // namespace adit::fuzz
