// Runs a fuzz target without libFuzzer: on its seeds and on twenty thousand seeded mutations of them.
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/token/wireguard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

/// A good WireGuard part of a token, as bytes.
std::string wireguard_part() {
    adit::token::WireGuard part;
    part.seed = adit::Secret(std::string(43, 'A') + "=");
    part.preshared_key = adit::Secret(std::string(43, 'B').replace(42, 1, "A") + "=");
    part.peer.bytes.fill(1);
    part.endpoints = {{"gateway.example.com", 51820}};
    part.first_address = boost::asio::ip::make_address("10.77.0.8");
    part.prefix = 16;
    part.connector = {boost::asio::ip::make_address("10.77.0.1"), 7480};
    part.mtu = 1420;
    const adit::Bytes bytes = adit::token::format_wireguard(part);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t seed = argc > 1 ? std::stoull(argv[1]) : 1;
    adit::Random random(seed);
    const std::vector<std::string> seeds{
        "GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: close, x-y\r\nX-Y: 1\r\nContent-Length: 3\r\n\r\n",
        "POST http://x:1/ HTTP/1.1\r\nHost: x:1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nTE: "
        "trailers\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: a\r\n b\r\n\r\n",
        "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "adit1_AQEAHHRubF8wMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW4",
        "adit-agent; error=connection_refused; details=\"a \\\"b\\\"\"",
        "{\"agent\":\"a\",\"version\":\"1\",\"host\":\"h\",\"labels\":{\"a\":\"b\"},\"allow\":[\"x:1\"]}",
        wireguard_part(),
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\",\"x\":"
        "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
        "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
        "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"use\":\"sig\"}]}",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    };
    const auto run = [](const std::string& text) {
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    for (int i = 0; i < 20'000; ++i) {
        std::string text = seeds[random.below(seeds.size())];
        for (std::uint64_t changes = random.below(6); changes > 0; --changes) {
            const auto at = static_cast<std::size_t>(random.below(text.size() + 1));
            switch (random.below(4)) {
                case 0:
                    text.insert(at, 1, static_cast<char>(random.next()));
                    break;
                case 1:
                    text.erase(at, random.below(8));
                    break;
                case 2:
                    text.insert(at, seeds[random.below(seeds.size())].substr(0, random.below(40)));
                    break;
                default:
                    if (at < text.size()) {
                        text[at] = static_cast<char>(random.next());
                    }
            }
        }
        run(text);
    }
    std::cout << "20000 inputs, seed " << seed << '\n';
    return 0;
}
