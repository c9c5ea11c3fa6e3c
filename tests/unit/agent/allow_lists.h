// Allow lists for tests.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "agent/allow/allow_list.h"

namespace adit::agent::test {

/// Of patterns that are good.
inline AllowList list(std::initializer_list<const char*> texts) {
    std::vector<AllowPattern> patterns;
    for (const char* text : texts) {
        patterns.push_back(AllowPattern::parse(text).value());
    }
    return AllowList(std::move(patterns));
}

}  // namespace adit::agent::test
