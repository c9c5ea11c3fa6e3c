// A token, as an agent reads it from a file or its environment. After a first byte 's' what follows is what stands in
// one, and gets the checksum that a fuzzer would never find; else the text is taken as it is.
#include "common/token/token.h"

#include "common/base/encoding.h"
#include "common/tls/key.h"
#include "common/token/wg_quick.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

std::string sealed(std::string_view content) {
    Bytes bytes(content.begin(), content.end());
    const auto digest = tls::sha256(bytes);
    bytes.insert(bytes.end(), digest.begin(), digest.begin() + 4);
    return std::string(token::kPrefix) + base64url_encode(bytes);
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    const auto parsed = token::parse(input.starts_with('s') ? sealed(input.substr(1)) : std::string(input));
    if (!parsed) {
        demand(!parsed.error().message.empty(), "a bad token is told why");
        return;
    }
    const std::string text = token::format(*parsed);
    const auto again = token::parse(text);
    demand(again.has_value(), "a token that we write can be read");
    demand(token::format(*again) == text, "and says the same");
    demand(!parsed->addresses.empty() || parsed->wireguard.has_value(), "a token leads somewhere");
    const std::string seed = base64url_encode(parsed->seed);
    std::string names = parsed->tunnel_name + ' ' + parsed->tunnel_id + ' ' + parsed->key_id;
    for (const std::string& address : parsed->addresses) {
        names += ' ' + address;
    }
    const bool named = names.contains(seed);
    demand(named || !token::inspect_text(*parsed).contains(seed), "inspecting shows no secret");
    demand(named || !token::inspect_json(*parsed).contains(seed), "nor in JSON");
    const auto file = token::wg_quick_file(*parsed, 1);
    demand(file.has_value() == parsed->wireguard.has_value(), "what has a WireGuard part has a seat");
}
