// What is made of the answer of a forward proxy.
#include "common/net/proxy_connect.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"

using namespace adit;

namespace {

/// The words for a refusal with this status line.
std::string refused(const std::string& status_line) {
    net::Worker worker(0);
    auto [ours, proxy] = net::memory_pipe(worker.loop());
    std::string words;
    const auto ask = [](net::Stream& stream, std::string& out) -> net::Task<> {
        const auto connected =
            co_await net::proxy_connect(stream, "a.example:443", net::BasicCredentials{"user", "s3cret!"});
        out = connected ? "" : connected.error().detail;
    };
    net::spawn(worker.context(), "a proxy", ask(*ours, words));
    net::Chain answer(worker.loop().blocks());
    answer.append(status_line + "\r\n\r\n");
    proxy->write_some(answer, answer.size());
    worker.context().poll();
    worker.finish();
    return words;
}

}  // namespace

TEST_CASE("a proxy's refusal is told in its own words") {
    CHECK(refused("HTTP/1.1 403 Forbidden by policy") == "the proxy answered: HTTP/1.1 403 Forbidden by policy");
    CHECK(refused("HTTP/1.1 407 Who are you").find("user or password") != std::string::npos);
    CHECK(refused("HTTP/1.1 500 " + std::string(5000, 'x')).size() < 400);
}

TEST_CASE("of a proxy that repeats credentials only the code is told") {
    for (const char* line : {"HTTP/1.1 403 not with s3cret!", "HTTP/1.1 403 Basic dXNlcjpzM2NyZXQh"}) {
        CHECK(refused(line) == "the proxy answered: HTTP/1.1 403");
    }
    CHECK(refused("403 s3cret!") == "the proxy answered: ");
}
