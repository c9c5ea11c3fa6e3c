// What a fuzz target is: one function that takes any bytes, and what has to hold of them.
#pragma once

#include <string_view>

namespace adit::fuzz {

/// Each program has one. Called again and again with bytes that somebody hostile could send: nothing of one call may
/// reach the next, and nothing may depend on the time or on chance.
void run(std::string_view input);

/// Ends the program with these words, and so makes a finding of the input, when something does not hold.
void demand(bool held, const char* words);

}  // namespace adit::fuzz
