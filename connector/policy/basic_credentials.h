// The credentials of the Basic scheme (RFC 7617): a user's name and a password.
#pragma once

#include <expected>
#include <string_view>

#include "common/base/secret.h"

namespace adit::policy {

/// Wiped with its end.
class BasicCredentials {
  public:
    /// What stands behind "Basic "; else what is wrong with it, in words without any of it.
    static std::expected<BasicCredentials, const char*> read(std::string_view text);

    std::string_view user() const { return text_.reveal().substr(0, colon_); }
    std::string_view password() const { return text_.reveal().substr(colon_ + 1); }

  private:
    BasicCredentials(Secret text, std::size_t colon) : text_(std::move(text)), colon_(colon) {}

    Secret text_;
    std::size_t colon_;
};

}  // namespace adit::policy
