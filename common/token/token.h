// The token: the one secret that an agent needs, as text that survives copying and says when it did not.
//
// adit1_ + base64url of: version byte, then entries of (type, length of two bytes, value), then the first four bytes of
// the SHA-256 of all before. Entry types with the high bit set may be skipped by a reader that does not know them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/tls/key.h"
#include "common/token/wireguard.h"

namespace adit::token {

inline constexpr std::string_view kPrefix = "adit1_";

/// What a token holds. The seed is the secret.
struct Token {
    std::string tunnel_id;
    std::string tunnel_name;
    std::string key_id;
    tls::Seed seed;
    std::vector<std::string> addresses;  ///< of connectors over TLS, host:port; none: over WireGuard alone
    std::vector<tls::Spki> pins;         ///< of connector keys; none: public CA and host name decide
    std::optional<WallTime> expires;
    std::optional<WireGuard> wireguard;  ///< there when no address is

    Token() = default;
    Token(Token&&) = default;
    Token& operator=(Token&&) = default;
};

std::string format(const Token& token);

/// Reads a token, with white space around it (files end in a newline). The error says what is wrong with a bad one: not
/// a token, cut off, wrapped over lines, altered, or of a newer version. It never quotes the token.
Result<Token> parse(std::string_view text);

/// What is in a token without its secret.
std::string inspect_text(const Token& token);
std::string inspect_json(const Token& token);

}  // namespace adit::token
