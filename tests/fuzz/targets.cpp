// Fuzz targets of everything that is parsed off a network; ADIT_FUZZ_TARGET chooses one per program.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/jose/jose.h"
#include "common/problem/failure.h"
#include "common/protocol/greeting.h"
#include "common/token/token.h"
#include "connector/http/chunked.h"
#include "connector/http/forward.h"
#include "connector/http/parse.h"

using namespace adit;

namespace {

void demand(bool held) {
    if (!held) {
        std::abort();
    }
}

[[maybe_unused]] void fuzz_request_head(std::string_view input) {
    http::RequestHead head;
    head.bytes() = input;
    if (!http::parse_request(head, {})) {
        return;
    }
    std::string out;
    http::append_request(out, head, {.authority = "o", .client = "::1", .request_id = "r", .pseudonym = "p"});
    // What we send on must be something that we would take, and mean the same.
    http::RequestHead again;
    again.bytes() = out;
    demand(http::parse_request(again, {.bytes = 1 << 20, .target = 1 << 20, .fields = 1000}).has_value());
    demand(again.framing.kind == head.framing.kind && again.framing.length == head.framing.length);
    demand(again.path == head.path && again.query == head.query);
}

[[maybe_unused]] void fuzz_response_head(std::string_view input) {
    http::ResponseHead head;
    head.bytes() = input;
    if (http::parse_response(head, "GET", {})) {
        std::string out;
        http::append_response(out, head, {.framing = head.framing, .pseudonym = "p", .date = "d"});
        demand(out.ends_with("\r\n\r\n"));
    }
}

[[maybe_unused]] void fuzz_chunked(std::string_view input) {
    http::ChunkDecoder decoder;
    while (true) {
        const auto step = decoder.step(input);
        if (!step || step->done) {
            return;
        }
        demand(step->skip + step->data <= input.size());
        input.remove_prefix(step->skip + step->data);
        decoder.took(step->data);
        if (step->skip + step->data == 0) {
            return;
        }
    }
}

[[maybe_unused]] void fuzz_token(std::string_view input) {
    if (const auto parsed = token::parse(input)) {
        demand(token::parse(token::format(*parsed)).has_value());
    }
}

[[maybe_unused]] void fuzz_wireguard_part(std::string_view input) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    if (const auto part = token::parse_wireguard(bytes)) {
        demand(token::parse_wireguard(token::format_wireguard(*part)).has_value());
    }
}

[[maybe_unused]] void fuzz_proxy_status(std::string_view input) {
    demand(!problem::failure_of_refusal(502, input).detail.empty());
}

[[maybe_unused]] void fuzz_greeting(std::string_view input) {
    if (const auto parsed = protocol::Introduction::from_json(input)) {
        demand(protocol::Introduction::from_json(parsed->to_json()).has_value());
    }
}

[[maybe_unused]] void fuzz_key_set(std::string_view input) {
    if (const auto keys = jose::KeySet::parse(input)) {
        demand(keys->size() <= jose::KeySet::kKeysMost);
    }
}

/// A key that signs as the fuzzer says shows the claims' parser to it; without it every input ends at the signature.
[[maybe_unused]] void fuzz_signed_token(std::string_view input) {
    using namespace std::chrono_literals;
    static const auto key = jose::SigningKey::from_pem(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n");
    static const auto keys = jose::KeySet::parse(
        R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
    const jose::Requirements requirements{
        .issuer = "i", .audiences = {"a"}, .algorithms = {jose::Algorithm::eddsa, jose::Algorithm::es256}};
    const WallTime now{2'000'000'000s};
    demand(key.has_value() && keys.has_value());
    const auto claims = jose::verify(input, *keys, requirements, now);
    // Signed by nobody but the RFC's example, which has no claims.
    demand(!claims && !claims.error().words.empty());
    static_cast<void>(jose::key_id(input));
    static_cast<void>(jose::claimed_issuer(input));
    const std::string good = key->sign({{"kid", "k"}, {"x", input}}, {{"iss", "i"}, {"aud", input}, {"exp", 2e9 + 9}});
    const auto own = jose::verify(good, *keys, requirements, now);
    demand(own.has_value() == (input == "a") || good.size() > requirements.most);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    ADIT_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
    return 0;
}
