// Claims made of parts of a request and of who asks. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/backend/credential.h"
#include "connector/config/claim_template.h"

namespace adit::credential {

/// A longer value is no value: it comes from a client, and would make a token that no header has room for.
inline constexpr std::size_t kClaimBytesMost = 2'048;

/// Compiled once, then only read.
class ClaimTemplate {
  public:
    /// `text` is that of a checked configuration.
    explicit ClaimTemplate(std::string_view text);

    /// Nothing when a part of it is missing or is no text that JSON can hold.
    std::optional<std::string> expand(const backend::Occasion& occasion) const;

  private:
    std::vector<config::ClaimPiece> pieces_;
};

}  // namespace adit::credential
