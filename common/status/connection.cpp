// Reading, judging, answering; see connection.h.
#include "common/status/connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <exception>
#include <sstream>

#include "common/base/percent.h"
#include "common/base/utf8.h"
#include "common/net/tcp_stream.h"
#include "common/problem/answer.h"
#include "common/status/other_end.h"
#include "common/tls/tls_stream.h"

namespace adit::status {
namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
namespace {

constexpr std::size_t kRequestMost = 8 * 1024;
constexpr std::size_t kLingerMost = 64 * 1024;  ///< bytes read after an answer that refuses a request
constexpr std::size_t kSegmentsMost = 8;
constexpr std::size_t kShownMost = 512;  ///< of a path, in logs
constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::seconds kLingerTimeout{1};
constexpr const char* kPlainText = "text/plain; charset=utf-8";

using Executor = asio::io_context::executor_type;
constexpr auto kToken = asio::as_tuple_t<asio::use_awaitable_t<Executor>>();

Answer guarded(const Server::Handler& handler) {
    try {
        return handler();
    } catch (const std::exception&) {
        return Answer{500, kPlainText, "the answer could not be made\n"};
    }
}

/// The decoded segments of a path; nothing for what is none.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
    std::vector<std::string> segments;
    for (std::size_t at = 0; at <= path.size() && !path.empty();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        auto segment = percent_decode(path.substr(at, end - at));
        if (!segment || segment->empty() || segments.size() == kSegmentsMost) {
            return std::nullopt;
        }
        segments.push_back(std::move(*segment));
        at = end + 1;
    }
    return segments;
}

/// RFC 9457, as clients of a listener get it.
Answer refusal(int status, std::string_view code, const std::string& reason) {
    const boost::json::object document{{"type", std::string(problem::kNames) + std::string(code)},
                                       {"title", problem::reason_phrase(status)},
                                       {"status", status},
                                       {"detail", reason},
                                       {"code", code}};
    return {status, "application/problem+json", boost::json::serialize(document) + "\n"};
}

bool reads(bhttp::verb method) {
    return method == bhttp::verb::get || method == bhttp::verb::head;
}

/// RFC 9112 §5.2: a line that goes on in the next one. Who reads it differently would see another field.
bool is_folded(std::string_view head) {
    return head.find("\n ") != std::string_view::npos || head.find("\n\t") != std::string_view::npos;
}

/// A field of which another reader, in front of this one, may have taken the other value (RFC 9112 §3.2, RFC 9110
/// §5.3).
std::optional<Answer> ambiguous(const bhttp::request_header<>& head) {
    if (head.version() >= 11 && head.count(bhttp::field::host) == 0) {
        return Answer{400, kPlainText, "a request of HTTP/1.1 has a Host\n"};
    }
    for (const std::string_view name : {"Host", "Authorization", "Origin", "Sec-Fetch-Site"}) {
        if (head.count(name) > 1) {
            return Answer{400, kPlainText, "a request has one " + std::string(name) + "\n"};
        }
    }
    return std::nullopt;
}

/// Whose certificate was refused is only what it says: nobody has vouched for that.
std::string reason_of(const tls::TlsStream& tls) {
    const auto refused = tls.refused_certificate();
    return tls.problem() +
           (refused ? "; its certificate says " + name_of(*refused) + ", serial " + refused->serial : std::string());
}

}  // namespace

struct Connection::Request {
    bhttp::request_parser<bhttp::empty_body> parser;
    std::optional<Answer> unreadable = {};  ///< what to tell a client whose request could not be read
};

Connection::Connection(std::shared_ptr<ServerState> state, net::Descriptor accepted)
    : Deadline(state->loop.wheel()),
      state_(std::move(state)),
      guard_(state_->guard),
      peer_(peer_of(accepted.get())),
      place_(state_->idle, holder_of(peer_)) {
    place_.let_to(this);
    stream_ = std::make_unique<net::TcpStream>(state_->loop, accepted.release());
    state_->connections.push_back(this);
}

Connection::~Connection() {
    std::erase(state_->connections, this);
}

void Connection::close() {
    stream_->abort(net::Errc::aborted);
}

/// Who has not even shaken hands is told of by that.
void Connection::cut_off() {
    if (!asked_ && (!guard_->tls || tls_ != nullptr)) {
        refuse({.caller = caller_of(peer_), .request = "nothing"}, {408, "no request came", Refusal::Why::silent});
    }
    close();
}

net::Task<> Connection::serve(std::unique_ptr<Connection> self) {
    if (!co_await self->shake_hands()) {
        co_return;
    }
    while (co_await self->exchange()) {
    }
    if (self->tls_ != nullptr && self->tls_->flooded()) {
        self->refuse({.caller = caller_of(self->peer_), .request = "TLS"},
                     {403, self->tls_->problem(), Refusal::Why::handshake});
    }
}

/// A certificate may have been taken back since the handshake, and clear text is not enough where TLS is.
bool Connection::outdated() const {
    return guard_ != state_->guard && (guard_->tls || state_->guard->tls);
}

net::Task<bool> Connection::shake_hands() {
    if (!guard_->tls) {
        co_return true;
    }
    auto secure = std::make_unique<tls::TlsStream>(std::move(stream_), *guard_->tls, tls::TlsStream::Side::server);
    tls::TlsStream& tls = *secure;
    stream_ = std::move(secure);
    arm(state_->loop.now() + kTimeout);
    if (co_await tls.handshake()) {
        refuse({.caller = caller_of(peer_), .request = "TLS handshake"},
               {403, reason_of(tls), tls.distrusts_peer() ? Refusal::Why::certificate : Refusal::Why::handshake});
        co_return false;
    }
    peer_.certificate = tls.peer_certificate();
    place_.settle();
    tls_ = &tls;
    co_return true;
}

void Connection::refuse(const Asked& asked, const Refusal& refusal) const {
    if (state_->refused && !state_->stopped) {
        state_->refused(asked, refusal);
    }
}

net::Task<bool> Connection::read_head(Request& request) {
    request.parser.header_limit(kRequestMost);
    for (;;) {
        boost::system::error_code error;
        const std::size_t taken = held_.empty() ? 0 : request.parser.put(asio::buffer(held_), error);
        // The parser takes a field, folded or not, as a whole.
        if (is_folded(std::string_view(held_).substr(0, taken))) {
            error = bhttp::error::bad_value;
        }
        held_.erase(0, taken);
        if (!error && request.parser.is_header_done()) {
            request.unreadable = ambiguous(request.parser.get().base());
            co_return true;
        }
        const bool large = error == bhttp::error::header_limit || held_.size() > kRequestMost;
        if (large) {
            request.unreadable = Answer{431, kPlainText, "the request's head is too large\n"};
            co_return true;
        }
        if (error && error != bhttp::error::need_more) {
            request.unreadable = Answer{400, kPlainText, "not an HTTP/1.1 request\n"};
            co_return true;
        }
        if (co_await stream_->receive()) {
            co_return false;
        }
        for (net::Chain& input = stream_->input(); !input.empty();) {
            const std::string_view bytes = input.front();
            held_ += bytes;
            stream_->consume(bytes.size());
        }
    }
}

net::Task<bool> Connection::exchange() {
    arm(state_->loop.now() + kTimeout);
    Request request;
    if (!co_await read_head(request)) {
        co_return false;
    }
    if (place_.gave_way() || outdated()) {
        co_return false;
    }
    disarm();
    asked_ = true;
    place_.busy();
    const auto& head = request.parser.get().base();
    const bool unreadable = request.unreadable.has_value();
    Answer told = unreadable ? std::move(*request.unreadable) : co_await judge(head);
    // After a body that nobody reads, or what could not be read, the next request cannot be found.
    const bool in_step = !unreadable && request.parser.is_done();
    const bool keep_alive =
        in_step && request.parser.get().keep_alive() && !mistaken_ && guard_ == state_->guard && !state_->stopped;
    const bool written = co_await write(std::move(told), head, keep_alive);
    place_.idle();
    if (written && !in_step) {
        co_await linger();
    }
    co_return written&& keep_alive;
}

/// The one place before all handlers: who asks, whether he may, and whether he knows that he does.
net::Task<Answer> Connection::judge(const Head& head) {
    const auto field = [&](std::string_view name) -> std::optional<std::string_view> {
        const auto found = head.find(name);
        return found == head.end() ? std::nullopt : std::optional<std::string_view>(found->value());
    };
    const std::string_view target = head.target();
    Asked asked{.changes = !reads(head.method())};
    asked.request = std::string(head.method_string()) + " " + as_utf8(target.substr(0, target.find('?')), kShownMost);
    if (asked.changes && peer_.process && peer_.process->user_name.empty()) {
        peer_.process->user_name = user_name(peer_.process->user);
    }
    auto caller = admit(state_->guard->demands, peer_, field("authorization"));
    const auto page =
        from_a_page(asked.changes, {field("host"), field("origin"), field("sec-fetch-site")}, state_->place);
    if (caller && !page) {
        asked.caller = std::move(*caller);
        co_return co_await answer(head, std::move(asked));
    }
    const Refusal refused = caller ? Refusal{403, *page, Refusal::Why::page} : caller.error();
    asked.caller = caller_of(peer_);
    mistaken_ = refused.wrong_proof();
    refuse(asked, refused);
    co_return refusal(refused.status, refused.status == 401 ? "unauthenticated" : "access-denied", refused.reason);
}

std::optional<Answer> Connection::answer_below(std::string_view path, const Head& head, Asked& asked) const {
    for (const auto& [prefix, handler] : state_->below) {
        if (!path.starts_with(prefix) || state_->stopped) {
            continue;
        }
        if (asked.changes && head.method() != bhttp::verb::post) {
            return Answer{405, kPlainText, "only GET, HEAD and POST\n", "GET, HEAD, POST"};
        }
        auto segments = segments_of(path.substr(prefix.size()));
        if (!segments) {
            return Answer{400, kPlainText, "this is no path\n"};
        }
        asked.segments = std::move(*segments);
        return guarded([&] { return handler(asked); });
    }
    return std::nullopt;
}

net::Task<Answer> Connection::answer(const Head& head, Asked asked) const {
    const std::string_view target = head.target();
    const std::string_view path = target.substr(0, target.find('?'));
    const auto entry = state_->table.find(path);
    if (entry == state_->table.end()) {
        if (auto told = answer_below(path, head, asked)) {
            co_return std::move(*told);
        }
    }
    if (entry == state_->table.end() || state_->stopped) {
        std::string paths;
        for (const auto& [known, what] : state_->table) {
            paths += " " + known;
        }
        co_return Answer{404, kPlainText, "not found; here are" + paths + "\n"};
    }
    if (entry->second.action ? head.method() != bhttp::verb::post : asked.changes) {
        co_return entry->second.action ? Answer{405, kPlainText, "only POST\n", "POST"}
                                       : Answer{405, kPlainText, "only GET and HEAD\n", "GET, HEAD"};
    }
    if (entry->second.action) {
        co_return co_await act(entry->second.action, std::move(asked));
    }
    co_return guarded(entry->second.handler);
}

/// The answer may be told long after the connection has gone.
net::Task<Answer> Connection::act(Server::Action action, Asked asked) const {
    struct Expected {
        explicit Expected(asio::io_context& context) : told(context, asio::steady_timer::time_point::max()) {}
        std::optional<Answer> answer;
        asio::steady_timer told;
    };
    const auto expected = std::make_shared<Expected>(state_->loop.context());
    action(asked, [weak = std::weak_ptr(expected)](Answer answer) {
        if (const auto waiting = weak.lock()) {
            waiting->answer = std::move(answer);
            waiting->told.cancel();
        }
    });
    while (!expected->answer) {
        co_await expected->told.async_wait(kToken);
    }
    co_return std::move(*expected->answer);
}

net::Task<bool> Connection::write(Answer told, const Head& head, bool keep_alive) {
    bhttp::response<bhttp::string_body> response(static_cast<bhttp::status>(told.status), 11);
    response.set(bhttp::field::content_type, told.content_type);
    response.set(bhttp::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    if (told.status == 405) {
        response.set(bhttp::field::allow, told.allow);  // RFC 9110 §15.5.6
    }
    if (told.status == 401) {
        response.set(bhttp::field::www_authenticate, "Bearer");  // RFC 6750 §3
    }
    response.content_length(told.body.size());
    response.keep_alive(keep_alive);
    if (head.method() != bhttp::verb::head) {
        response.body() = std::move(told.body);
    }
    std::ostringstream text;
    text << response;
    net::Chain out(state_->loop.blocks());
    out.append(text.view());
    arm(state_->loop.now() + kTimeout);
    const bool failed = static_cast<bool>(co_await stream_->write_all(out));
    if (!failed && !keep_alive) {
        stream_->end();
        stream_->flush();
    }
    co_return !failed;
}

/// Closing with bytes unread would reset the connection and take the answer with it (RFC 9112 §9.6).
net::Task<> Connection::linger() {
    arm(state_->loop.now() + kLingerTimeout);
    for (std::size_t dropped = 0; dropped < kLingerMost;) {
        if (co_await stream_->receive()) {
            co_return;
        }
        const std::size_t size = stream_->input().size();
        stream_->consume(size);
        dropped += size;
    }
}

}  // namespace adit::status
