// Heads, chunks and what changes on the way through.
#include <doctest/doctest.h>

#include "connector/http/chunked.h"
#include "connector/http/forward.h"
#include "connector/http/parse.h"

using namespace adit::http;

namespace {

int refusal(std::string_view text) {
    RequestHead head;
    head.bytes() = text;
    const auto parsed = parse_request(head, {});
    return parsed ? 0 : parsed.error().status;
}

/// Decodes a body given in pieces of `step` bytes; "!" in front of the words of an error.
std::string decode(std::string_view body, std::size_t step) {
    ChunkDecoder decoder;
    std::string input;
    std::string out;
    for (std::size_t at = 0; at < body.size() || !input.empty();) {
        const std::size_t before = input.size();
        input += body.substr(at, step);
        at += input.size() - before;
        for (;;) {
            const auto result = decoder.step(input);
            if (!result) {
                return std::string("!") + result.error().words;
            }
            input.erase(0, result->skip);
            if (result->done) {
                std::string trailers;
                for (const Field& field : decoder.trailers()) {
                    trailers.append(field.name).append(": ").append(field.value).append("\r\n");
                }
                return out + "|" + trailers + "|" + input;
            }
            out += input.substr(0, result->data);
            input.erase(0, result->data);
            decoder.took(result->data);
            if (result->skip == 0 && result->data == 0) {
                break;
            }
        }
        if (at >= body.size()) {
            return out + "...";
        }
    }
    return out + "...";
}

}  // namespace

TEST_CASE("a request is taken apart once") {
    RequestHead head;
    head.bytes() =
        "POST /a/b?c=d&e HTTP/1.1\r\nHost: x:80\r\nContent-Length: 12\r\nConnection: keep-alive, X-Hop\r\nX-Hop: "
        "1\r\nTE: trailers\r\n\r\n";
    REQUIRE(parse_request(head, {}));
    CHECK(head.method == "POST");
    CHECK(head.path == "/a/b");
    CHECK(head.query == "?c=d&e");
    CHECK(head.authority == "x:80");
    CHECK(head.framing.kind == Framing::Kind::length);
    CHECK(head.framing.length == 12);
    CHECK(head.keep_alive);

    std::string out;
    append_request(
        out, head,
        {.authority = "origin", .base_path = "/base", .client = "::1", .request_id = "req_1", .pseudonym = "me"});
    CHECK(out.starts_with("POST /base/a/b?c=d&e HTTP/1.1\r\nhost: origin\r\n"));
    CHECK(out.find("X-Hop") == std::string::npos);
    CHECK(out.find("content-length: 12\r\n") != std::string::npos);
    CHECK(out.find("forwarded: for=\"[::1]\";proto=http;host=\"x:80\"\r\n") != std::string::npos);
    CHECK(out.find("te: trailers\r\nconnection: te\r\n") != std::string::npos);
    CHECK(out.find("via: 1.1 me\r\n") != std::string::npos);
}

TEST_CASE("a request that came through us already is recognised") {
    RequestHead head;
    head.bytes() = "GET / HTTP/1.1\r\nHost: x\r\nVia: 1.0 other, 1.1 me\r\n\r\n";
    REQUIRE(parse_request(head, {}));
    CHECK(seen_before(head, "me"));
    CHECK_FALSE(seen_before(head, "m"));
}

TEST_CASE("heads that could be read in two ways are refused") {
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == 0);
    CHECK(refusal("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n") == 0);
    CHECK(refusal("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n") == 0);
    CHECK(refusal("GET / HTTP/1.0\r\n\r\n") == 0);
    CHECK(refusal("GET  / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n") == 501);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0b"
                  "chunked\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 00000000000000000000\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\n Host: x\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n") == 400);
    CHECK(refusal("GET / HTTP/3.0\r\nHost: x\r\n\r\n") == 505);
}

TEST_CASE("responses know whether a body follows") {
    const auto framing = [](std::string_view text, std::string_view method) {
        ResponseHead head;
        head.bytes() = text;
        REQUIRE(parse_response(head, method, {}));
        return head.framing.kind;
    };
    CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET") == Framing::Kind::length);
    CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD") == Framing::Kind::none);
    CHECK(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET") == Framing::Kind::none);
    CHECK(framing("HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n", "GET") == Framing::Kind::chunked);
    CHECK(framing("HTTP/1.0 200 OK\r\n\r\n", "GET") == Framing::Kind::until_close);
    ResponseHead folded;
    folded.bytes() = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(parse_response(folded, "GET", {}));
    CHECK(folded.find("x")->value.find("b") != std::string_view::npos);
}

TEST_CASE("chunks decode the same however they arrive") {
    const std::string body = "5;a=b\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-T: 1\r\n\r\nnext";
    for (std::size_t step = 1; step <= body.size(); ++step) {
        const std::string got = decode(body, step);
        CHECK(got.starts_with("helloabcdefghijklmnopqrstuvwxyz|X-T: 1\r\n|"));
    }
}

TEST_CASE("chunks that are not chunks are refused") {
    for (const char* bad : {"x\r\n", "5 \r\nhello\r\n", "-1\r\n", "0x5\r\nhello\r\n", "5\nhello\r\n", "5\r\nhelloo\r\n",
                            "\r\n", "fffffffffffffffff\r\n", "5\r\r\nhello\r\n"}) {
        CAPTURE(bad);
        CHECK(decode(bad, 1000).starts_with("!"));
        CHECK(decode(bad, 1).starts_with("!"));
    }
}

TEST_CASE("extensions of chunks are those of RFC 9112 section 7.1.1, and go no further") {
    for (const char* good : {";a", ";a=b", ";a;b=c", "; a\t= \"x;=\\\"y\" ;b", ";a=\"\""}) {
        CAPTURE(good);
        CHECK(decode("2" + std::string(good) + "\r\nok\r\n0\r\n\r\n", 1) == "ok||");
    }
    for (const char* bad : {";", ";;", ";=x", ";a=", ";a ", ";a;", ";a=b c", ";a=b\"c", ";a=\"", ";a=\"\\", ";a=\"b\"c",
                            ";a=\x80", ";\"a\"", " ;a"}) {
        CAPTURE(bad);
        CHECK(decode("2" + std::string(bad) + "\r\nok\r\n0\r\n\r\n", 1).starts_with("!"));
    }
}

TEST_CASE("what stands around the data of all chunks is bounded, but for chunks as large as it") {
    const auto body = [](int chunks, std::size_t extension, const std::string& data) {
        std::string text;
        for (int i = 0; i < chunks; ++i) {
            append_chunk_start(text, data.size());
            text.insert(text.size() - 2, ";" + std::string(extension, 'x'));
            text += data + "\r\n";
        }
        return text + "0\r\n\r\n";
    };
    CHECK(decode(body(200, 200, "x"), 1000).starts_with("!"));
    CHECK(decode(body(50, 200, "x"), 1000) == std::string(50, 'x') + "||");
    CHECK(decode(body(5000, 5, "x"), 1000) == std::string(5000, 'x') + "||");
    CHECK(decode(body(1000, 200, std::string(200, 'x')), 1000) == std::string(200'000, 'x') + "||");
}

TEST_CASE("a decoded body keeps the trailers that may be passed on") {
    const std::string body = "2\r\nok\r\n0\r\nX-A: 1\r\nSet-Cookie: a=b\r\nIf-Match: *\r\nHost: b\r\nX-B:2\r\n\r\n";
    for (const std::size_t step : {1, 7, 1000}) {
        CHECK(decode(body, step) == "ok|X-A: 1\r\nX-B: 2\r\n|");
    }
    CHECK(decode("0\r\nX A: 1\r\n\r\n", 1000).starts_with("!"));
}

TEST_CASE("trailers that would change the message are dropped") {
    const auto trailers = parse_trailers("X-A: 1\r\nContent-Length: 5\r\nHost: b\r\n", 10);
    REQUIRE(trailers);
    REQUIRE(trailers->size() == 1);
    CHECK((*trailers)[0].name == "X-A");
    CHECK_FALSE(parse_trailers("no colon\r\n", 10));
}
