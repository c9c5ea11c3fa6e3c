// The copy's head, its body and its client, who is not there; see request_copy.h.
#include "connector/http/request_copy.h"

#include <algorithm>
#include <span>

#include "common/base/strings.h"

namespace adit::http {

/// Has sent its whole request and left; what it is sent is dropped.
class RequestCopy::AbsentClient final : public net::Stream {
  public:
    AbsentClient(net::Loop& loop, std::string_view sent, std::size_t most)
        : Stream(loop), left_(most), on_readable_(loop), on_writable_(loop) {
        input().append(sent);
    }

    net::Status poll_receive() override { return status_ ? status_ : net::Status(net::Errc::end_of_stream); }
    std::size_t write_some(net::Chain& from, std::size_t limit) override {
        const std::size_t n = std::min({from.size(), limit, left_});
        from.consume(n);
        left_ -= n;
        if (left_ == 0 && !status_) {
            abort(net::Errc::aborted);
        }
        return n;
    }
    void end() override {}
    void abort(net::Status why) override {
        status_ = why;
        on_readable_.wake();
        on_writable_.wake();
        if (listener_ != nullptr) {
            listener_->peer_hung_up();
        }
    }
    net::Status status() const override { return status_; }
    void on_hangup(net::HangupListener* listener) override { listener_ = listener; }
    bool reusable() const override { return false; }
    net::Waiter& on_readable() override { return on_readable_; }
    net::Waiter& on_writable() override { return on_writable_; }
    bool had_enough() const { return left_ == 0; }

  private:
    std::size_t left_;
    net::Status status_;
    net::HangupListener* listener_ = nullptr;
    net::Waiter on_readable_;
    net::Waiter on_writable_;
};

/// Its answers have no heads: there is nobody to read them.
class RequestCopy::Replay final : public Exchange {
  public:
    using Exchange::Exchange;

  private:
    void begin(const ResponseHead&, const Backward&) override {}
    void inform(const ResponseHead&) override {}
    Framing framing_for(const Framing&) const override { return {Framing::Kind::until_close, 0}; }
};

RequestCopy::RequestCopy(const Exchange& original)
    : loop_(original.client().loop()),
      settings_(original.settings),
      peer_ip_(original.peer_ip),
      client_ip_(original.client_ip),
      client_tls_(original.client_tls),
      vouched_(original.vouched),
      request_id_(original.request_id) {
    head_.assign(original.request, {});
    head_.fields.pop_back();
    head_.expect_continue = false;  // the body is here: the field falls away with its meaning
}

RequestCopy::RequestCopy(const Exchange& original, const Field& mark) : RequestCopy(original) {
    head_.assign(original.request, mark);
    head_.expect_continue = false;
    const auto own = head_.fields.end() - 1;
    const auto same = [&](const Field& field) { return iequals(field.name, mark.name); };
    head_.fields.erase(std::remove_if(head_.fields.begin(), own, same), own);
}

RequestCopy::~RequestCopy() = default;

void RequestCopy::append(const net::Chain& bytes, std::size_t n) {
    const std::size_t before = body_.size();
    body_.resize(before + n);
    bytes.copy_out(std::span(body_).subspan(before));
}

Exchange& RequestCopy::exchange(std::size_t answer_most) {
    head_.framing = {body_.empty() ? Framing::Kind::none : Framing::Kind::length, body_.size()};
    client_ = std::make_unique<AbsentClient>(loop_, body_, answer_most);
    body_ = {};
    exchange_ = std::make_unique<Replay>(head_, BodyReader(*client_, head_.framing),
                                         BodyWriter(*client_, Framing::Kind::none), settings_, peer_ip_);
    // What trusted proxies said was said of the original; its fields may have been changed since.
    exchange_->client_ip = client_ip_;
    exchange_->client_tls = client_tls_;
    exchange_->vouched = vouched_;
    exchange_->request_id = request_id_;
    return *exchange_;
}

bool RequestCopy::had_enough() const {
    return client_ && client_->had_enough();
}

}  // namespace adit::http
