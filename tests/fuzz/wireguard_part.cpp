// The WireGuard part of a token, without the checksum that keeps a fuzzer out of a token.
#include "common/token/wg_quick.h"
#include "common/token/wireguard.h"

#include <span>

#include "common/token/token.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    auto part = token::parse_wireguard(bytes);
    if (!part) {
        demand(!part.error().empty(), "a bad part is told why");
        return;
    }
    const Bytes written = token::format_wireguard(*part);
    const auto again = token::parse_wireguard(written);
    demand(again.has_value(), "a part that we write can be read");
    demand(token::format_wireguard(*again) == written, "and says the same");
    demand(part->seats >= 1 && part->seats <= token::kSeatsMost, "seats are bounded");
    demand(!part->endpoints.empty(), "a part leads somewhere");
    for (unsigned number : {0U, 1U, part->seats}) {
        demand(part->address(number).is_v4() == part->first_address.is_v4(), "a row stays in its family");
    }
    token::Token token;
    token.tunnel_id = "tnl_012345678901234567890123";
    token.wireguard = std::move(*part);
    const auto file = token::wg_quick_file(token, 1);
    demand(!file || file->reveal().find("[Peer]") != std::string_view::npos, "another client's file names the peer");
    static_cast<void>(token::inspect_text(token));
}
