// `adit-connector check`: says that a configuration is good, or everything that is wrong with it.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "connector/config/config.h"

namespace adit::config {

/// How a command prints.
enum class Output { text, json };

/// One line about a good configuration: "2 listeners (1 with TLS), 3 routes, 2 backends, agents on 127.0.0.1:7443".
std::string summary(const Configuration& configuration);

/// What a good configuration leaves open, for the operator; one sentence each.
std::vector<std::string> notices(const Configuration& configuration);

/// Checks a file. Text: "ok: ..." on `out`, with a line "warning: ..." for each notice, or the errors with their source
/// lines on `err`. JSON: one object on `out`,
/// {"ok":true,"summary":...,"warnings":[...]} or {"ok":false,"errors":[{"file","line","column","message"}]}; line 0 is
/// the whole file. Returns the exit status, 0 or 2.
int run_check(const std::filesystem::path& path, Output output, std::ostream& out, std::ostream& err);

/// The same on standard output and standard error.
int run_check(const std::filesystem::path& path, Output output);

}  // namespace adit::config
