// A configuration from a text alone: what it says, or what is wrong with it.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "connector/config/load.h"
#include "tests/unit/yaml/support.h"

namespace adit::config::test {

/// "adit.yaml:line:column: message" of each error; empty where there is none.
inline std::string errors_of(const std::string& text) {
    const yaml::test::TemporaryFiles files;
    const auto loaded = load(files.write("adit.yaml", text), yaml::test::environment());
    return loaded ? "" : yaml::test::lines(loaded.error(), files.directory());
}

inline Configuration loaded(const std::string& text) {
    const yaml::test::TemporaryFiles files;
    auto loaded = load(files.write("adit.yaml", text), yaml::test::environment());
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    return std::move(*loaded);
}

}  // namespace adit::config::test
