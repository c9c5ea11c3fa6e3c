// Which coding a client wants, which answers get it, and that what comes out can be read.
#include "connector/policy/compression.h"

#include <brotli/decode.h>
#include <doctest/doctest.h>
#include <zlib.h>

#include "common/base/random.h"
#include "connector/http/parse.h"
#include "connector/policy/coders.h"

using namespace adit::policy;
using adit::http::Framing;
using adit::http::RequestHead;
using adit::http::ResponseHead;

namespace {

std::string chosen(std::string_view accept, adit::config::Compression settings = {}) {
    RequestHead head;
    head.bytes() = std::string("GET / HTTP/1.1\r\nHost: a\r\n").append(accept).append("\r\n");
    REQUIRE(adit::http::parse_request(head, {}));
    const auto coding = Compression(settings).choose(head);
    return !coding ? "" : *coding == ContentCoding::br ? "br" : "gzip";
}

bool fits(std::string_view response_text, bool head = false) {
    ResponseHead response;
    response.bytes() = std::string("HTTP/1.1 ").append(response_text).append("\r\n");
    REQUIRE(adit::http::parse_response(response, head ? "HEAD" : "GET", {}));
    return Compression({}).fits(response, head);
}

std::string text(const adit::net::Chain& chain) {
    std::string out(chain.size(), '\0');
    chain.copy_out(out);
    return out;
}

/// Decodes as far as it goes; a coding that is whole adds "|".
std::string decode(ContentCoding coding, std::string_view coded) {
    std::string out(8 << 20, '\0');
    if (coding == ContentCoding::gzip) {
        z_stream state{};
        REQUIRE(::inflateInit2(&state, MAX_WBITS + 16) == Z_OK);
        state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
        state.avail_in = static_cast<uInt>(coded.size());
        state.next_out = reinterpret_cast<Bytef*>(out.data());
        state.avail_out = static_cast<uInt>(out.size());
        const int result = ::inflate(&state, Z_SYNC_FLUSH);
        out.resize(state.total_out);
        ::inflateEnd(&state);
        return result == Z_STREAM_END ? out + "|" : out;
    }
    BrotliDecoderState* state = ::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
    std::size_t in = coded.size();
    std::size_t room = out.size();
    auto next_in = reinterpret_cast<const std::uint8_t*>(coded.data());
    auto next_out = reinterpret_cast<std::uint8_t*>(out.data());
    const auto result = ::BrotliDecoderDecompressStream(state, &in, &next_in, &room, &next_out, nullptr);
    ::BrotliDecoderDestroyInstance(state);
    out.resize(out.size() - room);
    return result == BROTLI_DECODER_RESULT_SUCCESS ? out + "|" : out;
}

}  // namespace

TEST_CASE("the coding that is wanted most is taken, of equals the preferred one") {
    struct Row {
        const char* accept;
        const char* coding;
    };
    for (const Row& row : {Row{"", ""},
                           {"gzip", "gzip"},
                           {"gzip, deflate, br", "br"},
                           {"br;q=0.5, gzip;q=0.8", "gzip"},
                           {"X-GZip", "gzip"},
                           {"*", "br"},
                           {"br;q=0, *", "gzip"},
                           {"gzip;q=0", ""},
                           {"*;q=0", ""},
                           {"identity", ""},
                           {"identity, gzip;q=0.5", ""},
                           {"identity;q=0.5, gzip;q=0.5", "gzip"},
                           {"gzip;Q=0.001", "gzip"},
                           {"gzip;q=2", ""},
                           {"gzip;q=x", ""},
                           {"zstd, deflate", ""},
                           {"identity;q=0, br;q=0", ""},
                           {"gzip ; q=1.000", "gzip"}}) {
        CAPTURE(row.accept);
        CHECK(chosen(*row.accept == '\0' ? "" : std::string("Accept-Encoding: ") + row.accept + "\r\n") == row.coding);
    }
    CHECK(chosen("Accept-Encoding: br, gzip\r\n", {.encodings = {ContentCoding::gzip}}) == "gzip");
    CHECK(chosen("Accept-Encoding: br\r\nAccept-Encoding: gzip;q=0.9\r\n") == "br");
}

TEST_CASE("an answer is coded when that is allowed and worth it") {
    const std::string json = "200 OK\r\nContent-Type: application/json\r\n";
    CHECK(fits(json + "Content-Length: 5000\r\n"));
    CHECK(fits(json + "Transfer-Encoding: chunked\r\n"));
    CHECK(fits("404 Not Found\r\nContent-Type: Text/HTML; charset=utf-8\r\nContent-Length: 5000\r\n"));
    CHECK(fits("200 OK\r\nContent-Type: application/problem+json\r\nContent-Length: 5000\r\n"));
    for (const std::string& against : {std::string("Content-Length: 100\r\n"), std::string("Content-Length: 0\r\n"),
                                       std::string("Content-Length: 5000\r\nContent-Encoding: gzip\r\n"),
                                       std::string("Content-Length: 5000\r\nCache-Control: public, No-Transform\r\n"),
                                       std::string("Content-Length: 5000\r\nContent-Digest: sha-256=:AA==:\r\n")}) {
        CAPTURE(against);
        CHECK_FALSE(fits(json + against));
    }
    CHECK_FALSE(fits("206 Partial\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n"));
    CHECK_FALSE(fits("204 None\r\nContent-Type: application/json\r\n"));
    CHECK_FALSE(fits("200 OK\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n"));
    CHECK_FALSE(fits("200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n"));
    CHECK_FALSE(fits("200 OK\r\nContent-Length: 5000\r\n"));
    CHECK(fits(json + "Content-Length: 5000\r\n", true));
    CHECK_FALSE(fits(json + "Content-Length: 100\r\n", true));
}

TEST_CASE("a coded answer says so and takes back what it cannot keep") {
    ResponseHead response;
    std::string etag;
    response.bytes() = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: \"abc\"\r\nAccept-Ranges: bytes\r\n\r\n";
    REQUIRE(adit::http::parse_response(response, "GET", {}));
    Compression::announce(response, ContentCoding::br, etag);
    CHECK(response.find("etag")->value == "W/\"abc\"");
    CHECK(response.find("content-encoding")->value == "br");
    CHECK(response.find("content-length") == nullptr);
    CHECK(response.find("accept-ranges") == nullptr);
    Compression::weaken_etag(response, etag);
    CHECK(response.find("etag")->value == "W/\"abc\"");
}

TEST_CASE("what was taken can be read after a flush, and all of it after the end") {
    for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::br}) {
        CAPTURE(static_cast<int>(coding));
        adit::net::BlockPool pool;
        adit::net::Chain out(pool);
        const auto coder = make_coder(coding);
        REQUIRE(coder);
        coder->encode("data: one\n\n", out);
        coder->flush(out);
        CHECK(decode(coding, text(out)) == "data: one\n\n");
        coder->flush(out);
        coder->encode("data: two\n\n", out);
        coder->finish(out);
        CHECK(decode(coding, text(out)) == "data: one\n\ndata: two\n\n|");
    }
}

TEST_CASE("large bodies come out whole, whether they shrink or not") {
    adit::Random random(7);
    std::string noise(1 << 20, '\0');
    for (char& c : noise) {
        c = static_cast<char>(random.next());
    }
    for (const ContentCoding coding : {ContentCoding::gzip, ContentCoding::br}) {
        for (const std::string& body : {noise, std::string(5 << 20, 'a'), std::string()}) {
            CAPTURE(static_cast<int>(coding));
            adit::net::BlockPool pool;
            adit::net::Chain out(pool);
            const auto coder = make_coder(coding);
            for (std::size_t at = 0; at < body.size(); at += 10'000) {
                coder->encode(std::string_view(body).substr(at, 10'000), out);
                if (at % 100'000 == 0) {
                    coder->flush(out);
                }
            }
            coder->finish(out);
            CHECK((decode(coding, text(out)) == body + "|"));
        }
    }
}
