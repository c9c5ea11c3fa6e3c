// `adit-connector check`: says that a configuration is good, or everything that is wrong with it.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "connector/config/config.h"

namespace adit::config {

/// How a command prints.
enum class Output { text, json };
/// Whether warnings are as bad as errors.
enum class Strictness { usual, strict };

/// What a configuration whose words are good comes to when it is used: each error that a connector would end with. One
/// that names a file is told with the place of the value that does.
using Trial = std::function<std::vector<Error>(Configuration)>;

/// One line about a good configuration: "2 listeners (1 with TLS), 3 routes, 2 backends, agents on 127.0.0.1:7443".
std::string summary(const Configuration& configuration);

/// What a good configuration leaves open, for the operator; one sentence each. Those about values that defeat
/// themselves begin with their place.
std::vector<std::string> notices(const Configuration& configuration);

/// Checks a file. Text: "ok: ..." on `out`, with a line "warning: ..." for each notice and "file:line:column: warning:
/// ..." with the source line for values that defeat themselves; or the errors with their source lines on `err`. JSON:
/// one object on `out`, {"ok":true,"summary":...,"warnings":[...],"places":[{"file","line","column","message"}]} (both
/// left out where there are none; the second are those of the warnings that have places) or
/// {"ok":false,"errors":[...]} of the same form; line 0 is the whole file. Returns the exit status: 0; 1 for warnings
/// where that is asked for; 2 for errors.
int run_check(const std::filesystem::path& path, Output output, Strictness strictness, std::ostream& out,
              std::ostream& err, const Trial& trial = {});

/// The same on standard output and standard error.
int run_check(const std::filesystem::path& path, Output output, Strictness strictness, const Trial& trial);

}  // namespace adit::config
