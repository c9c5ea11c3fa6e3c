// Writing and reading tokens; see token.h.
#include "common/token/token.h"

#include <algorithm>

#include "common/base/encoding.h"
#include "common/base/printable.h"
#include "common/base/secret.h"
#include "common/base/strings.h"
#include "common/token/entries.h"

namespace adit::token {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kTextMost = 8 * 1024;

/// Entry types. Those with the high bit may be ignored by readers that do not know them.
enum Type : std::uint8_t {
    kTunnelId = 1,
    kKeyId = 2,
    kSeed = 3,
    kAddress = 4,
    kPin = 5,
    kEnd = 6,  ///< the last entry, empty: a cut at an entry's border is seen
    kTunnelName = 0x81,
    kExpires = 0x82,    ///< for people; the connector decides
    kWireGuard = 0x83,  ///< an agent that does not know it uses TLS
};

std::unexpected<Error> bad(std::string_view why) {
    return usage_error("the token cannot be used: " + std::string(why));
}

constexpr std::string_view kCut = "it is cut off: copy all of it";

/// Takes one entry into the token; an error text when its value is wrong.
std::string take(Token& token, const Entry& entry) {
    const std::span<const std::uint8_t> value = entry.value;
    switch (entry.type) {
        case kTunnelId:
            token.tunnel_id = entry.text();
            return {};
        case kTunnelName:
            token.tunnel_name = entry.text();
            return {};
        case kKeyId:
            token.key_id = entry.text();
            return {};
        case kAddress:
            token.addresses.push_back(entry.text());
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
            const auto time = parse_time(entry.text());
            if (time) {
                token.expires = *time;
            }
            return {};
        }
        case kWireGuard: {
            auto part = parse_wireguard(value);
            if (!part) {
                return std::move(part.error());
            }
            token.wireguard = std::move(*part);
            return {};
        }
        default:
            return may_be_skipped(entry.type) ? ""
                                              : "it holds something that this version does not know: update adit-agent";
    }
}

/// Whoever looks at a token sees each name on a line of its own, and whole.
bool shows_as_it_is(const Token& token) {
    const auto plain = [](const std::string& text) { return printable(text) == text; };
    return plain(token.tunnel_id) && plain(token.tunnel_name) && plain(token.key_id) &&
           std::ranges::all_of(token.addresses, plain);
}

Result<Token> read_entries(std::span<const std::uint8_t> bytes) {
    Token token;
    bool has_seed = false;
    for (std::size_t entries = 0; entries < kEntriesMost; ++entries) {
        const auto entry = take_entry(bytes);
        if (!entry) {
            break;
        }
        if (entry->type == kEnd) {
            if (token.tunnel_id.empty() || token.key_id.empty() || !has_seed ||
                (token.addresses.empty() && !token.wireguard)) {
                return bad("it does not name a tunnel, a key and an address");
            }
            if (!shows_as_it_is(token)) {
                return bad("a name in it has control characters, or is no UTF-8");
            }
            return token;
        }
        has_seed = has_seed || entry->type == kSeed;
        if (const std::string wrong = take(token, *entry); !wrong.empty()) {
            return bad(wrong);
        }
    }
    return bad(kCut);
}

}  // namespace

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
    if (token.wireguard) {
        Bytes part = format_wireguard(*token.wireguard);
        put(out, kWireGuard, part);
        wipe_memory(part.data(), part.size());
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
