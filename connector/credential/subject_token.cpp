// Reading the tokens of others; see subject_token.h.
#include "connector/credential/subject_token.h"

#include <boost/json/parse.hpp>

#include "common/base/file.h"
#include "common/base/secret.h"
#include "common/base/secret_scope.h"
#include "common/base/strings.h"

namespace adit::credential {
namespace {

constexpr std::size_t kFileMost = 64 * 1024;

}  // namespace

Result<std::string> token_in(std::string_view text, std::string_view field) {
    text = trim(text);
    if (field.empty()) {
        return text.empty() ? failure("it is empty") : Result<std::string>(std::string(text));
    }
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    const auto* member = !error && value.is_object() ? value.as_object().if_contains(field) : nullptr;
    if (member == nullptr || !member->is_string() || member->as_string().empty()) {
        return failure("it is no JSON object with a text as '" + std::string(field) + "'");
    }
    return std::string(member->as_string());
}

Result<std::string> read_token_file(const std::filesystem::path& file, std::string_view field) {
    const SecretScope scope;  // of the JSON
    auto text = read_file(file, kFileMost);
    if (!text) {
        return text;
    }
    auto token = token_in(*text, field);
    wipe_memory(text->data(), text->size());
    return token ? std::move(token) : std::unexpected(std::move(token.error()).with(file.string()));
}

}  // namespace adit::credential
