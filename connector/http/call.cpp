// Calls of both versions; see call.h.
#include "connector/http/call.h"

#include <optional>

#include "connector/http/h2_message.h"
#include "connector/http/parse.h"
#include "connector/http/websocket.h"

namespace adit::http {
namespace {

problem::Failure refused(const ParseError& error) {
    return problem::bad_response(std::string("the origin's response was refused: ") + error.words);
}

problem::Failure head_too_large() {
    return problem::response_head_too_large("the head of the origin's response is too large");
}

class Http1Call final : public Call {
  public:
    explicit Http1Call(std::unique_ptr<net::Stream> connection)
        : connection_(std::move(connection)), out_(*connection_, Framing::Kind::none) {}

    bool start(const RequestHead& request, const Onward& onward, bool) override {
        method_ = request.method;
        std::string head;
        if (onward.upgrade && request.version == Version::http2) {
            Onward told = onward;
            told.websocket_key = websocket_key_ = new_websocket_key();
            append_request(head, request, told);
        } else {
            append_request(head, request, onward);
        }
        out_.begin(request.framing.kind);
        out_.append_head(head);
        return true;
    }
    net::Stream& stream() override { return *connection_; }
    BodyWriter& body() override { return out_; }

    std::expected<Progress, problem::Failure> take_head(ResponseHead& response) override {
        net::Chain& input = connection_->input();
        const std::string_view bytes = input.gather(limits_.bytes);
        if (bytes.empty()) {
            return Progress::nothing;
        }
        const std::size_t length = head_length(bytes, scanned_);
        if (length == 0) {
            if (input.size() >= limits_.bytes || input.size() >= net::kBlockSize) {
                return std::unexpected(head_too_large());
            }
            return Progress::begun;
        }
        scanned_ = 0;
        response.bytes().assign(bytes.substr(0, length));
        connection_->consume(length);
        if (const auto parsed = parse_response(response, method_, limits_); !parsed) {
            return std::unexpected(refused(parsed.error()));
        }
        if (response.status == 101 && !answers_key(response)) {
            return std::unexpected(problem::upgrade_refused("the origin's answer is to another key than it was sent"));
        }
        return Progress::head;
    }
    BodyReader answer_body(const ResponseHead& response) override { return {*connection_, response.framing}; }

    /// Bytes that nobody asked for spoil a connection.
    std::unique_ptr<net::Stream> release(const ResponseHead& response) override {
        return response.keep_alive && connection_->input().empty() ? std::move(connection_) : nullptr;
    }

  private:
    /// RFC 6455 §4.1: whoever has made the key looks at its answer, or a cache might have given it.
    bool answers_key(const ResponseHead& response) const {
        const Field* accept = response.find(Known::websocket_accept);
        return websocket_key_.empty() || (accept != nullptr && accept->value == websocket_accept(websocket_key_));
    }

    const HeadLimits limits_;
    std::unique_ptr<net::Stream> connection_;
    BodyWriter out_;
    std::string method_;
    std::string websocket_key_;  ///< of ours
    std::size_t scanned_ = 0;
};

class Http2Call final : public Call {
  public:
    explicit Http2Call(h2::Session& session) : session_(session) {}

    bool start(const RequestHead& request, const Onward& onward, bool whole) override {
        method_ = request.method;
        upgrade_ = onward.upgrade;
        stream_ = session_.open(request_fields(request, onward), whole && !upgrade_);
        if (!stream_) {
            return false;
        }
        out_.emplace(*stream_);
        return true;
    }
    net::Stream& stream() override { return *stream_; }
    BodyWriter& body() override { return *out_; }

    std::expected<Progress, problem::Failure> take_head(ResponseHead& response) override {
        if (stream_->head_overflowed()) {
            return std::unexpected(head_too_large());
        }
        if (const char* fault = stream_->head_fault()) {
            return std::unexpected(refused({.words = fault}));
        }
        const h2::Fields* fields = stream_->take_head();
        if (fields == nullptr) {
            return Progress::nothing;
        }
        const bool ended = stream_->peer_ended() && stream_->input().empty();
        if (const auto read = read_response(*fields, ended && stream_->trailers().empty(), method_, response, limits_);
            !read) {
            return std::unexpected(refused(read.error()));
        }
        if (upgrade_ && response.status / 100 == 2) {  // RFC 8441 §5: what 101 is in HTTP/1.1
            response.status = 101;
            response.upgrade = kWebsocket;
            response.framing = {};
        }
        return Progress::head;
    }
    BodyReader answer_body(const ResponseHead& response) override {
        return {*stream_, response.framing.kind == Framing::Kind::none};
    }
    std::unique_ptr<net::Stream> release(const ResponseHead&) override { return nullptr; }

  private:
    const HeadLimits limits_;
    h2::Session& session_;
    std::unique_ptr<h2::Stream> stream_;
    std::optional<BodyWriter> out_;
    std::string method_;
    bool upgrade_ = false;
};

}  // namespace

std::unique_ptr<Call> http1_call(std::unique_ptr<net::Stream> connection) {
    return std::make_unique<Http1Call>(std::move(connection));
}

std::unique_ptr<Call> http2_call(h2::Session& session) {
    return std::make_unique<Http2Call>(session);
}

}  // namespace adit::http
