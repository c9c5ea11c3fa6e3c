// Answers of our own and those of origins; see exchange.h.
#include "connector/http/exchange.h"

#include "common/base/random.h"
#include "common/base/time.h"
#include "common/problem/answer.h"
#include "connector/http/grpc.h"
#include "connector/http/websocket.h"

namespace adit::http {
namespace {

std::string new_request_id() {
    static thread_local Random random;  // per worker; ids need to be unlikely to repeat, not secret
    static constexpr char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string id = "req_";
    for (int half = 0; half < 2; ++half) {
        std::uint64_t bits = random.next();
        for (int i = 0; i < 10; ++i) {
            id += alphabet[bits % 36];
            bits /= 36;
        }
    }
    return id;
}

/// Now, as RFC 9110 §5.6.7 writes it; formatted once a second.
std::string_view http_date() {
    static thread_local std::time_t last = 0;
    static thread_local std::string text;
    const std::time_t now = ::time(nullptr);
    if (now != last) {
        last = now;
        std::tm parts{};
        static_cast<void>(::gmtime_r(&now, &parts));
        char buffer[40];
        text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    }
    return text;
}

/// The client, in either direction.
void keep_pace(Exchange& exchange) {
    exchange.body.require(exchange.settings.least_rate);
    exchange.out.require(exchange.settings.least_rate);
}

}  // namespace

Exchange::Exchange(RequestHead& head, BodyReader reader, BodyWriter writer, const ServerSettings& server,
                   std::string_view ip)
    : request(head),
      body(std::move(reader)),
      out(std::move(writer)),
      settings(server),
      peer_ip(ip),
      client_ip(ip),
      client_tls(server.tls),
      request_id(new_request_id()),
      started(body.stream().loop().now()),
      keep_alive(head.keep_alive) {
    if (!server.trust.proxies.empty()) {
        ask_proxies();
    }
    if (settings.least_rate.bytes_per_second > 0 && !silent_by_design()) {
        keep_pace(*this);
    }
}

/// Calls that may wait for each other for as long as they like: those of gRPC, and upgrades over HTTP/2, which look
/// like a body until they are answered. A call of gRPC may send for hours before the head of its answer comes, so until
/// then the client's word has to do.
bool Exchange::silent_by_design() const {
    return request.version == Version::http2 && (!request.upgrade.empty() || is_grpc(request));
}

void Exchange::ask_proxies() {
    boost::system::error_code bad;
    const auto peer = boost::asio::ip::make_address(std::string(peer_ip), bad);
    if (bad || !settings.trust.includes(peer)) {
        return;
    }
    vouched = settings.trust.field;
    if (std::optional<Caller> caller = find_caller(request, peer, settings.trust)) {
        told_ip_ = std::move(caller->address);
        client_ip = told_ip_;
        client_tls = caller->https.value_or(client_tls);
    }
}

void Exchange::answer(ResponseHead& response) {
    filter_and_begin(response, via ? std::string_view(settings.pseudonym) : std::string_view());
}

void Exchange::filter_and_begin(ResponseHead& response, std::string_view pseudonym) {
    if (answer_filter != nullptr) {
        answer_filter->filter(response, *this);
    }
    const bool bodiless = request.method == "HEAD" || response.status == 304;
    const Framing framing = framing_for(response.framing);
    keep_alive = keep_alive && framing.kind != Framing::Kind::until_close;
    status = response.status;
    if (settings.least_rate.bytes_per_second > 0 && silent_by_design() && status != 101 && !is_grpc(response)) {
        keep_pace(*this);  // nobody there speaks what the client said that it would
    }
    std::string accept;
    if (response.status == 101 && response.version == Version::http2) {
        const Field* key = request.find(Known::websocket_key);
        accept = key == nullptr ? std::string() : websocket_accept(key->value);
    }
    begin(response, {.client_version = request.version,
                     .keep_alive = keep_alive,
                     .framing = framing,
                     .keep_length_field = bodiless,
                     .pseudonym = pseudonym,
                     .date = http_date(),
                     .upgrade = response.status == 101,
                     .websocket_accept = accept});
}

void Exchange::answer_connect() {
    keep_alive = false;
    status = 200;
    ResponseHead response;
    response.status = 200;
    response.fields.push_back({"x-request-id", request_id});
    begin(response,
          {.client_version = request.version, .framing = {}, .pseudonym = {}, .date = http_date(), .connect = true});
}

void Exchange::answer_interim(const ResponseHead& response) {
    interim_sent = true;
    inform(response);
}

void Exchange::answer_continue() {
    ResponseHead response;
    response.status = 100;
    answer_interim(response);
}

void Exchange::begin_own(int code, std::vector<Field> fields, std::uint64_t length) {
    ResponseHead response;
    response.status = code;
    response.fields = std::move(fields);
    response.fields.push_back({"x-request-id", request_id});
    response.framing = {length > 0 ? Framing::Kind::length : Framing::Kind::none, length};
    filter_and_begin(response, {});
}

namespace {

/// What fields say of a failure, whatever form its body has. The texts live as long as this.
class FailureTold {
  public:
    FailureTold(const problem::Failure& failure, std::string_view pseudonym)
        : proxy_status_(problem::proxy_status(failure, pseudonym)),
          retry_after_(failure.retry_after > 0 ? std::to_string(failure.retry_after) : ""),
          attempts_(failure.attempts_told > 0 ? std::to_string(failure.attempts_told) : "") {}

    std::vector<Field> fields() const {
        std::vector<Field> fields{{"proxy-status", proxy_status_}};
        if (!retry_after_.empty()) {
            fields.push_back({"retry-after", retry_after_});
        }
        if (!attempts_.empty()) {
            fields.push_back({"x-adit-attempts", attempts_});
        }
        return fields;
    }

  private:
    std::string proxy_status_;
    std::string retry_after_;
    std::string attempts_;
};

}  // namespace

net::Task<> Exchange::answer(const problem::Failure& failure) {
    if (status != 0) {
        truncate();
        co_return;
    }
    status = failure.status;
    if (failure.status == 499) {
        keep_alive = false;
        co_return;
    }
    if (request.version == Version::http2 && is_grpc(request)) {
        co_return co_await answer_grpc(failure);
    }
    const std::string content =
        problem::problem_json(failure, settings.problem_types, request.path.empty() ? "/" : request.path, request_id,
                              format_time_ms(std::chrono::system_clock::now()));
    const FailureTold told(failure, settings.pseudonym);
    std::vector<Field> fields = told.fields();
    fields.push_back({"cache-control", "no-store"});
    // RFC 9110 §15.5.2: a 401 has a challenge, also where none of the ways to authenticate has one that is registered.
    if (failure.status == 401 && challenges.empty()) {
        challenges.emplace_back("Adit realm=\"adit\"");
    }
    const std::string_view challenge = failure.status == 407 ? "proxy-authenticate" : "www-authenticate";
    for (const std::string& one : challenges) {
        fields.push_back({challenge, one, Known::own});
    }
    keep_alive = keep_alive && body.error() == nullptr;  // nobody knows what of it would come
    co_await answer(Whole{failure.status, "application/problem+json", content, std::move(fields)});
}

/// A call that failed here: an answer of trailers only, with the reason and the time until a retry where gRPC looks for
/// them (gRPC proposal A6).
net::Task<> Exchange::answer_grpc(const problem::Failure& failure) {
    const std::string code = std::to_string(grpc_status(failure));
    const std::string message = grpc_message(failure.detail.empty() ? std::string_view(failure.code) : failure.detail);
    const FailureTold told(failure, settings.pseudonym);
    const std::string pushback = std::to_string(failure.retry_after * std::int64_t{1000});
    std::vector<Field> fields = told.fields();
    fields.insert(fields.end(),
                  {{"content-type", "application/grpc"}, {"grpc-status", code}, {"grpc-message", message}});
    if (failure.retry_after > 0) {
        fields.push_back({"grpc-retry-pushback-ms", pushback});
    }
    begin_own(200, std::move(fields), 0);
    out.finish();
    co_await out.send();
}

net::Task<> Exchange::answer(const Whole& whole) {
    keep_alive = keep_alive && (body.done() || body.framing().length <= kUnwantedBodyMost) &&
                 body.framing().kind != Framing::Kind::chunked;
    const bool bodiless = whole.status == 204 || whole.status == 304;  // RFC 9110 §8.6: no Content-Length either
    std::vector<Field> fields = whole.fields;
    if (!bodiless && !whole.content_type.empty()) {
        fields.push_back({"content-type", whole.content_type});
    }
    begin_own(whole.status, std::move(fields), bodiless ? 0 : whole.content.size());
    if (request.method != "HEAD" && !bodiless) {
        out.append(whole.content);
    }
    out.finish();
    co_await out.send();
}

}  // namespace adit::http
