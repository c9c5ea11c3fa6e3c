// The tokens of others by which we prove who we are: in a file that somebody renews, or behind a URL.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "connector/credential/provider.h"

namespace adit::credential {

/// The token in a file, read each time: whole, or member `field` of the JSON object in it.
Result<std::string> read_token_file(const std::filesystem::path& file, std::string_view field);
/// The same of a text.
Result<std::string> token_in(std::string_view text, std::string_view field);

/// A token, and what kind of token it is (RFC 8693 §3).
struct SubjectToken {
    std::string text;
    std::string type = "urn:ietf:params:oauth:token-type:jwt";
};
/// Gives one for each exchange, on the desk's loop.
using SubjectSource = std::function<net::Task<std::expected<SubjectToken, fetch::Trouble>>(net::Time deadline)>;

}  // namespace adit::credential
