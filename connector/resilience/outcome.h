// How a try of a request ended, as circuits, outlier detection, budgets and retries see it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "connector/config/conditions.h"

namespace adit::resilience {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// Made by route::forward for each try, and by nothing else; told to everybody who counts.
struct Outcome {
    enum class End : std::uint8_t {
        answered,         ///< a whole head came; `status` and, of gRPC, `grpc` say which
        connect_failure,  ///< DNS, TCP, TLS, or a tunnel's refusal
        refused_stream,   ///< RFC 9113 §8.7
        reset,            ///< the connection ended without an answer, or in the middle of one
        timeout,          ///< of ours: connect, TLS, first byte, idle, per try
        malformed,        ///< the answer is no HTTP
        neutral,          ///< says nothing of the origin: the client left, we had no credential, we refused ourselves
    };
    End end = End::neutral;
    int status = 0;                           ///< of an answer
    int grpc = -1;                            ///< grpc-status of an answer, where it is known; -1: it is not gRPC
    std::chrono::nanoseconds took{};          ///< from the beginning of the try to the head, or to its failure
    std::chrono::milliseconds retry_after{};  ///< that an answer asks for; 0: none
    bool retriable_header = false;            ///< the answer has it

    /// 429, or an answer that asks for patience with 503: the origin is busy, not broken.
    bool throttled() const { return end == End::answered && status == 429; }
};

/// Whether the outcome is one of those that are meant. Neutral and throttled ones never are, unless 429 is listed.
bool meets(const config::Conditions& conditions, const Outcome& outcome);

/// For metrics: "reset".
std::string_view name(Outcome::End end);
/// In words for logs and people: "status 503", "grpc-status 14", "reset".
std::string describe(const Outcome& outcome);

}  // namespace adit::resilience
