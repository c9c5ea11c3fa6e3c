// A request kept to be sent a second time, to somebody whose answer nobody reads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connector/http/exchange.h"

namespace adit::http {

/// Owns all that its exchange needs, so that it may outlive the one that it copies. On that one's loop.
class RequestCopy {
  public:
    /// Copies the head as it is now (the path may have been written anew), with the same request id; `mark` is added
    /// instead of any field of that name that the request has. The body is added as it passes.
    RequestCopy(const Exchange& original, const Field& mark);
    /// Without a mark.
    explicit RequestCopy(const Exchange& original);
    ~RequestCopy();

    /// The first `n` of `bytes` belong to the body.
    void append(const net::Chain& bytes, std::size_t n);
    std::size_t body_bytes() const { return body_.size(); }

    /// When the body is whole: the exchange that sends it. Its client takes an answer of up to `answer_most` bytes and
    /// then leaves. Once; lives as long as this.
    Exchange& exchange(std::size_t answer_most);
    /// The absent client left because it had taken enough.
    bool had_enough() const;
    net::Loop& loop() const { return loop_; }

  private:
    class AbsentClient;
    class Replay;

    net::Loop& loop_;
    const ServerSettings settings_;
    const std::string peer_ip_;
    const std::string client_ip_;
    const bool client_tls_;
    const std::optional<CallerField> vouched_;
    const std::string request_id_;
    RequestHead head_;
    std::string body_;
    std::unique_ptr<AbsentClient> client_;
    std::unique_ptr<Replay> exchange_;
};

}  // namespace adit::http
