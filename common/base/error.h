// Errors of start-up, configuration and commands: a sentence for a person, grown by context on its way up.
// (What a network does every day is a net::Status or a problem::Failure instead, which cost no allocation.)
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace adit {

/// A failure told in words. `usage` marks what the user can mend in the input (exit status 2).
struct Error {
    std::string message;
    bool usage = false;

    /// Puts what was being done before the cause: "read token: file not found".
    Error with(std::string_view doing) && {
        message = std::string(doing) + ": " + message;
        return std::move(*this);
    }
};

template <class T = void>
using Result = std::expected<T, Error>;

/// An error of the machine or the run (exit status 1).
inline std::unexpected<Error> failure(std::string message) {
    return std::unexpected(Error{std::move(message), false});
}

/// An error in what the user gave (exit status 2).
inline std::unexpected<Error> usage_error(std::string message) {
    return std::unexpected(Error{std::move(message), true});
}

}  // namespace adit
