// Writing and reading tokens; see token.h.
#include "common/token/token.h"

#include <algorithm>

#include "common/base/encoding.h"
#include "common/base/secret.h"
#include "common/base/strings.h"

namespace adit::token {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kTextMost = 8 * 1024;
constexpr std::size_t kEntriesMost = 64;

/// Entry types. Those with the high bit may be ignored by readers that do not know them.
enum Type : std::uint8_t {
    kTunnelId = 1,
    kKeyId = 2,
    kSeed = 3,
    kAddress = 4,
    kPin = 5,
    kEnd = 6,  ///< the last entry, empty: a cut at an entry's border is seen
    kTunnelName = 0x81,
    kExpires = 0x82,  ///< for people; the connector decides
};

void put(Bytes& out, std::uint8_t type, std::span<const std::uint8_t> value) {
    out.push_back(type);
    out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(value.size()));
    out.insert(out.end(), value.begin(), value.end());
}

void put(Bytes& out, std::uint8_t type, std::string_view text) {
    put(out, type, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::unexpected<Error> bad(std::string_view why) {
    return usage_error("the token cannot be used: " + std::string(why));
}

constexpr std::string_view kCut = "it is cut off: copy all of it";

std::string to_text(std::span<const std::uint8_t> value) {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

/// Takes one entry into the token; an error text when its value is wrong.
std::string_view take(Token& token, std::uint8_t type, std::span<const std::uint8_t> value) {
    switch (type) {
        case kTunnelId:
            token.tunnel_id = to_text(value);
            return {};
        case kTunnelName:
            token.tunnel_name = to_text(value);
            return {};
        case kKeyId:
            token.key_id = to_text(value);
            return {};
        case kAddress:
            token.addresses.push_back(to_text(value));
            return {};
        case kSeed:
            if (value.size() != token.seed.size()) {
                return "its key has the wrong size";
            }
            std::ranges::copy(value, token.seed.begin());
            return {};
        case kPin: {
            tls::Spki pin;
            if (value.size() != pin.digest.size()) {
                return "a connector fingerprint has the wrong size";
            }
            std::ranges::copy(value, pin.digest.begin());
            token.pins.push_back(pin);
            return {};
        }
        case kExpires: {
            const auto time = parse_time(to_text(value));
            if (time) {
                token.expires = *time;
            }
            return {};
        }
        default:
            return (type & 0x80) != 0 ? std::string_view()
                                      : "it holds something that this version does not know: update adit-agent";
    }
}

Result<Token> read_entries(std::span<const std::uint8_t> bytes) {
    Token token;
    for (std::size_t entries = 0; entries < kEntriesMost && bytes.size() >= 3; ++entries) {
        const std::uint8_t type = bytes[0];
        const std::size_t size = (std::size_t{bytes[1]} << 8) | bytes[2];
        if (bytes.size() < 3 + size) {
            return bad(kCut);
        }
        if (type == kEnd) {
            if (token.tunnel_id.empty() || token.key_id.empty() || token.addresses.empty()) {
                return bad("it does not name a tunnel, a key and an address");
            }
            return token;
        }
        if (const std::string_view wrong = take(token, type, bytes.subspan(3, size)); !wrong.empty()) {
            return bad(wrong);
        }
        bytes = bytes.subspan(3 + size);
    }
    return bad(kCut);
}

}  // namespace

Token::~Token() {
    wipe_memory(seed.data(), seed.size());
}

std::string format(const Token& token) {
    Bytes out{kVersion};
    put(out, kTunnelId, token.tunnel_id);
    put(out, kTunnelName, token.tunnel_name);
    put(out, kKeyId, token.key_id);
    put(out, kSeed, token.seed);
    for (const std::string& address : token.addresses) {
        put(out, kAddress, address);
    }
    for (const tls::Spki& pin : token.pins) {
        put(out, kPin, pin.digest);
    }
    if (token.expires) {
        put(out, kExpires, format_time(*token.expires));
    }
    put(out, kEnd, std::string_view());
    const auto digest = tls::sha256(out);
    out.insert(out.end(), digest.begin(), digest.begin() + kChecksum);
    std::string text = std::string(kPrefix) + base64url_encode(out);
    wipe_memory(out.data(), out.size());
    return text;
}

Result<Token> parse(std::string_view text) {
    text = trim(text);
    if (text.empty()) {
        return bad("it is empty");
    }
    if (text.size() > kTextMost) {
        return bad("it is too long to be one");
    }
    if (!text.starts_with(kPrefix)) {
        const bool other_version = text.starts_with("adit") && text.find('_') < 8;
        return bad(other_version ? "it is of another version of Adit: update adit-agent"
                   : kPrefix.starts_with(text)
                       ? kCut
                       : std::string_view("it does not start with adit1_, so it is no Adit token"));
    }
    text.remove_prefix(kPrefix.size());
    if (text.find_first_of(" \t\r\n") != std::string_view::npos) {
        return bad(
            "there is white space or a line break inside: it was wrapped when it was copied; put it on one line");
    }
    auto bytes = base64url_decode(text);
    if (!bytes) {
        const bool foreign =
            text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
            std::string_view::npos;
        return bad(foreign ? std::string_view("it has a character that no token has: it was altered") : kCut);
    }
    if (bytes->size() < 1 + kChecksum) {
        return bad(kCut);
    }
    const std::span<const std::uint8_t> all(*bytes);
    const auto body = all.first(all.size() - kChecksum);
    const auto digest = tls::sha256(body);
    const bool whole = std::ranges::equal(all.last(kChecksum), std::span(digest).first(kChecksum));
    Result<Token> token = body[0] == kVersion
                              ? read_entries(body.subspan(1))
                              : Result<Token>(bad("it is of another version of Adit: update adit-agent"));
    if (!whole) {
        token = bad(token ? "its checksum does not match: a character was altered, or it is cut off"
                          : "its checksum does not match: it is cut off (truncated) or was altered; copy all of it");
    }
    wipe_memory(bytes->data(), bytes->size());
    return token;
}

}  // namespace adit::token
