// One line a request: who asked for what, by which way it went, how long each phase took, and why it failed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/log/batch.h"
#include "common/net/loop.h"
#include "connector/policy/effects.h"

namespace adit::policy {

/// What an access line tells. Views live until write() returns.
struct AccessRecord {
    std::string_view request_id;
    std::string_view trace_id;  ///< W3C trace context; empty when the request belongs to no trace
    std::string_view client;
    std::string_view consumer;     ///< who called; empty where nobody was asked
    std::string_view environment;  ///< of the consumer
    std::string_view method;
    std::string_view host;
    std::string_view path;
    std::string_view protocol;
    std::string_view route;
    std::string_view inner_route;  ///< by which it went on, the last one last
    std::string_view backend;
    std::string_view tunnel;
    std::string_view agent;
    std::string_view endpoint;
    int status = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    int attempts = 0;
    std::string_view tries;  ///< each of them in words, where there was more than one, or it failed
    bool reused = false;
    std::chrono::nanoseconds duration{};
    std::chrono::nanoseconds queue{};  ///< until a connection was asked for
    std::chrono::nanoseconds connect{};
    std::chrono::nanoseconds first_byte{};  ///< from connected to the first byte of the answer
    std::chrono::nanoseconds body{};
    std::string_view error;  ///< RFC 9209 error type
    std::string_view code;   ///< of the problem document that the client got
    std::string_view reason;
    const Effects* effects = nullptr;  ///< what stood around it did; null: nothing did
};

/// A worker's access log: lines collect in a batch that is handed over at the end of the turn.
class AccessLog final : private net::TurnEnd {
  public:
    /// Lines go where the program's log goes, as JSON or text as it does.
    explicit AccessLog(net::Loop& loop, bool on) : loop_(loop), on_(on) {}
    ~AccessLog() { flush(); }

    bool on() const { return on_; }
    void turn(bool on) { on_ = on; }
    void write(const AccessRecord& record);

  private:
    static constexpr std::size_t kFlushAt = 64 * 1024;

    void turn_ended() override { flush(); }
    void flush();
    void append_json(const AccessRecord& record);
    void append_text(const AccessRecord& record);
    void append_effects(const Effects& effects);
    void append_effects_text(const Effects& effects);

    net::Loop& loop_;
    bool on_;
    logging::Batch batch_{.kind = logging::Kind::access, .text = {}, .lines = {}};
    std::int64_t stamp_ms_ = 0;
    std::string stamp_;
};

}  // namespace adit::policy
