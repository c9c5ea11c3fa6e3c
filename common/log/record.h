// Lines that go out whatever the level, for what must not be missed.
#pragma once

#include <string>

namespace adit::logging {

/// A finished line of the program, in the form of the others and without its end. From any thread.
void record(const std::string& line);

}  // namespace adit::logging
