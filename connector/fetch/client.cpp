// One exchange of HTTP/1.1 after the other; see client.h.
#include "connector/fetch/client.h"

#include "common/base/secret.h"
#include "common/base/strings.h"
#include "common/net/alarm.h"
#include "connector/http/body.h"
#include "connector/http/parse.h"

namespace adit::fetch {
namespace {

constexpr std::size_t kHeadUsual = 16 * 1024;  ///< room for a head, so that it leaves no copies behind as it grows

/// What may have held secrets is overwritten when it has been sent, or could not be.
class WipedAtEnd {
  public:
    explicit WipedAtEnd(Request& request) : request_(request) {}
    WipedAtEnd(const WipedAtEnd&) = delete;
    WipedAtEnd& operator=(const WipedAtEnd&) = delete;
    ~WipedAtEnd() {
        wipe_memory(request_.body.data(), request_.body.size());
        for (auto& [name, value] : request_.fields) {
            wipe_memory(value.data(), value.size());
        }
    }

  private:
    Request& request_;
};

/// RFC 9110 §8.6: a method that means a body says so even when there is none.
bool says_length(const Request& request) {
    return !request.body.empty() || request.method == "POST" || request.method == "PUT";
}

problem::Failure unheard(const std::string& url, net::Status status) {
    if (status == net::Errc::timed_out) {
        return problem::first_byte_timeout("the time given to " + url);
    }
    return problem::connection_terminated(url + ": no answer: " + status.message());
}

/// The head of the final answer.
net::Task<net::Status> read_head(net::Stream& stream, http::ResponseHead& head, const std::string& method) {
    const http::HeadLimits limits;
    std::size_t scanned = 0;
    int interims = 0;
    for (;;) {
        const std::string_view bytes = stream.input().gather(net::kBlockSize);
        if (const std::size_t length = http::head_length(bytes, scanned); length > 0) {
            head.clear();
            head.bytes().assign(bytes.substr(0, length));
            stream.consume(length);
            scanned = 0;
            if (!http::parse_response(head, method, limits) || head.status == 101) {
                co_return net::Errc::protocol;
            }
            if (head.status >= 200) {
                co_return net::Status();
            }
            if (++interims > http::kInterimMost) {
                co_return net::Errc::limit;
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

net::Task<net::Status> read_body(net::Stream& stream, const http::Framing& framing, std::size_t most,
                                 std::string& into) {
    http::BodyReader body(stream, framing, most);
    while (!body.done()) {
        if (const net::Status ended = co_await body.wait()) {
            co_return ended;
        }
        const std::size_t n = body.available();
        const std::size_t before = into.size();
        into.resize(before + n);
        stream.input().copy_out({into.data() + before, n});
        stream.consume(n);
        body.took(n);
        if (into.size() > most) {
            co_return net::Errc::protocol;
        }
    }
    co_return net::Status();
}

Reply reply_of(const http::ResponseHead& head) {
    Reply reply;
    reply.status = head.status;
    for (const http::Field& field : head.fields) {
        reply.fields.emplace_back(to_lower(field.name), field.value);
    }
    return reply;
}

}  // namespace

std::string_view Reply::field(std::string_view name) const {
    for (const auto& [known, value] : fields) {
        if (known == name) {
            return value;
        }
    }
    return {};
}

struct Client::State {
    State(config::Endpoint endpoint, Open how, Connections of, std::size_t most)
        : url(std::move(endpoint)), open(std::move(how)), connections(of), body_most(most) {}
    net::Task<backend::Dialled> dial(net::Time deadline);
    net::Task<std::expected<Reply, problem::Failure>> exchange(net::Stream& stream, Request& request);
    void append_head(std::string& out, const Request& request);

    config::Endpoint url;
    Open open;
    Connections connections;
    std::size_t body_most;
    Means means{};
    std::string authority;  ///< of the way that the last connection took
    std::string base_path;
    std::unique_ptr<net::Stream> kept;
    bool whole = false;  ///< the last exchange ended so that its connection may serve another
};

Client::Client(config::Endpoint url, Open open, Connections connections, std::size_t body_most)
    : state_(std::make_unique<State>(std::move(url), std::move(open), connections, body_most)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

const config::Endpoint& Client::url() const {
    return state_->url;
}

net::Task<std::expected<Reply, problem::Failure>> Client::ask(Request request, net::Time deadline) {
    State& state = *state_;
    const WipedAtEnd wiped(request);
    if (state.means.dialer == nullptr) {
        state.means = state.open();
    }
    std::unique_ptr<net::Stream> stream = std::move(state.kept);
    // Bytes that nobody asked for, and an end, both mean that the far end has closed a kept connection.
    if (!stream || !stream->reusable() || stream->poll_receive() != net::Errc::would_block) {
        auto dialled = co_await state.dial(deadline);
        if (!dialled) {
            co_return std::unexpected(std::move(dialled.error()));
        }
        stream = std::move(dialled->stream);
    }
    const net::AbortAt guard(*stream, deadline);
    state.whole = false;
    auto reply = co_await state.exchange(*stream, request);
    if (state.connections == Connections::kept && state.whole && stream->reusable()) {
        state.kept = std::move(stream);
    }
    co_return reply;
}

net::Task<backend::Dialled> Client::State::dial(net::Time deadline) {
    auto way = means.dialer->choose();
    if (!way && co_await means.dialer->await_way(deadline)) {
        way = means.dialer->choose();
    }
    if (!way) {
        co_return std::unexpected(std::move(way.error()));
    }
    authority = way->authority;
    base_path = way->base_path;
    co_return co_await means.dialer->dial(*way, backend::Versions::http1, deadline);
}

void Client::State::append_head(std::string& out, const Request& request) {
    const std::string target = base_path + request.target;
    out += request.method + " " + (target.starts_with('/') ? "" : "/") + target + " HTTP/1.1\r\nhost: ";
    out += authority + "\r\nuser-agent: adit-connector/" ADIT_VERSION "\r\n";
    for (const auto& [name, value] : request.fields) {
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (connections == Connections::one_each) {
        out += "connection: close\r\n";
    }
    if (says_length(request)) {
        out += "content-length: " + std::to_string(request.body.size()) + "\r\n";
    }
    out += "\r\n";
}

net::Task<std::expected<Reply, problem::Failure>> Client::State::exchange(net::Stream& stream, Request& request) {
    net::Chain out(means.loop->blocks());
    {
        std::string head;
        head.reserve(kHeadUsual);
        append_head(head, request);
        out.append(head);
        wipe_memory(head.data(), head.size());
    }
    out.append(request.body);
    // A far end that answers before it has read everything is heard all the same.
    const net::Status broken = co_await stream.write_all(out);
    http::ResponseHead head;
    if (const net::Status silent = co_await read_head(stream, head, request.method)) {
        if (const problem::Failure* refusal = stream.failure()) {
            co_return std::unexpected(*refusal);  // the tunnel's far end could not connect
        }
        if (silent == net::Errc::protocol || silent == net::Errc::limit) {
            co_return std::unexpected(problem::bad_response(url.text() + ": what came is no answer of HTTP/1.1"));
        }
        co_return std::unexpected(unheard(url.text(), broken ? broken : silent));
    }
    Reply reply = reply_of(head);
    if (const net::Status cut = co_await read_body(stream, head.framing, body_most, reply.body)) {
        if (request.head_suffices) {
            co_return reply;
        }
        if (cut == net::Errc::protocol) {
            co_return std::unexpected(problem::bad_response(
                url.text() + ": an answer that is malformed, or larger than " + std::to_string(body_most) + " bytes"));
        }
        co_return std::unexpected(problem::response_incomplete(url.text() + ": " + cut.message()));
    }
    whole = head.keep_alive && !broken && head.framing.kind != http::Framing::Kind::until_close;
    co_return reply;
}

}  // namespace adit::fetch
