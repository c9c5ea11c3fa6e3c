// One exchange at a time with a collector; see post_client.h.
#include "connector/telemetry/post_client.h"

#include "common/net/alarm.h"
#include "connector/backend/direct_dialer.h"
#include "connector/http/body.h"
#include "connector/http/parse.h"

namespace adit::telemetry {
namespace {

constexpr std::size_t kAnswerMost = 256 * 1024;  ///< of an answer that nobody reads; a longer one ends the connection

bool is_secure(const config::Endpoint& url) {
    return url.scheme == config::Endpoint::Scheme::https;
}

}  // namespace

PostClient::PostClient(net::Loop& loop, net::Resolver& resolver, Target target)
    : loop_(loop),
      target_(std::move(target)),
      dialer_(std::make_unique<backend::DirectDialer>(loop, resolver, net::HostPort{target_.url.host, target_.url.port},
                                                      std::string(), is_secure(target_.url)),
              target_.tls, std::string(), target_.url.text()) {
    head_ = "POST " + target_.url.base_path + " HTTP/1.1\r\nhost: ";
    head_ += dialer_.choose()->authority;
    head_ += "\r\nuser-agent: adit-connector/" ADIT_VERSION "\r\ncontent-type: application/json\r\n";
    for (const auto& [name, value] : target_.headers) {
        head_ += name + ": " + value + "\r\n";
    }
    head_ += "content-length: ";
}

net::Task<PostClient::Reply> PostClient::post(std::string_view body, net::Time deadline) {
    std::unique_ptr<net::Stream> stream = std::move(kept_);
    // Bytes that nobody asked for, and an end, both mean that the collector has closed a kept connection.
    const bool usable = stream && stream->reusable() && stream->poll_receive() == net::Errc::would_block;
    if (!usable) {
        auto dialled = co_await dialer_.dial(*dialer_.choose(), backend::Versions::http1, deadline);
        if (!dialled) {
            co_return Reply{0, {}, std::move(dialled.error().detail)};
        }
        stream = std::move(dialled->stream);
    }
    const net::AbortAt guard(*stream, deadline);
    whole_ = false;
    Reply reply = co_await exchange(*stream, body);
    if (whole_ && stream->reusable()) {
        kept_ = std::move(stream);
    }
    co_return reply;
}

net::Task<PostClient::Reply> PostClient::exchange(net::Stream& stream, std::string_view body) {
    net::Chain out(loop_.blocks());
    out.append(head_);
    out.append(std::to_string(body.size()));
    out.append("\r\n\r\n");
    out.append(body);
    // A collector that answers before it has read everything is heard all the same.
    net::Status broken = co_await stream.write_all(out);
    http::ResponseHead head;
    if (const net::Status unheard = co_await read_head(stream, head)) {
        broken = broken ? broken : unheard;
        const bool late = broken == net::Errc::timed_out;
        co_return Reply{0, {}, late ? "no answer in time" : "no answer: " + broken.message()};
    }
    Reply reply{head.status, {}, "status " + std::to_string(head.status)};
    if (const http::Field* field = head.find("retry-after")) {
        reply.retry_after = field->value;
    }
    whole_ = co_await read_body(stream, head) && head.keep_alive && !broken;
    co_return reply;
}

/// The head of the final answer.
net::Task<net::Status> PostClient::read_head(net::Stream& stream, http::ResponseHead& head) {
    const http::HeadLimits limits;
    std::size_t scanned = 0;
    for (;;) {
        const std::string_view bytes = stream.input().gather(net::kBlockSize);
        if (const std::size_t length = http::head_length(bytes, scanned); length > 0) {
            head.clear();
            head.bytes().assign(bytes.substr(0, length));
            stream.consume(length);
            scanned = 0;
            if (!http::parse_response(head, "POST", limits) || head.status == 101) {
                co_return net::Errc::protocol;
            }
            if (head.status >= 200) {
                co_return net::Status();
            }
            continue;
        }
        if (bytes.size() >= net::kBlockSize) {
            co_return net::Errc::limit;
        }
        if (const net::Status ended = co_await stream.receive()) {
            co_return ended;
        }
    }
}

/// Reads past the answer's body; whether the connection is at its end now.
net::Task<bool> PostClient::read_body(net::Stream& stream, const http::ResponseHead& head) {
    http::BodyReader body(stream, head.framing, kAnswerMost);
    while (!body.done()) {
        if (co_await body.wait()) {
            co_return false;
        }
        const std::size_t n = body.available();
        stream.consume(n);
        body.took(n);
        if (body.bytes() > kAnswerMost) {
            co_return false;
        }
    }
    co_return head.framing.kind != http::Framing::Kind::until_close;
}

}  // namespace adit::telemetry
