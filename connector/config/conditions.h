// Which ends of a try are meant, wherever a configuration says `on`: events of ours, and answers by their status.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace adit::config {

/// A range of statuses, both ends included.
using StatusRange = std::pair<std::uint16_t, std::uint16_t>;

struct Conditions {
    bool connect_failure = false;   ///< DNS, TCP and TLS; a tunnel's refusal
    bool reset = false;             ///< the connection ended without an answer
    bool refused_stream = false;    ///< RFC 9113 §8.7: the origin says that it has not looked at it
    bool timeout = false;           ///< of ours: connect, TLS, first byte, per try
    bool malformed = false;         ///< the answer is no HTTP
    bool retriable_header = false;  ///< the answer has the field that Retry::header names
    std::vector<StatusRange> statuses = {};
    std::vector<std::uint8_t> grpc = {};  ///< codes of grpc-status
    bool said = false;                    ///< the configuration lists them; false: defaults

    bool has_status(int status) const {
        return std::ranges::any_of(statuses,
                                   [&](const auto& range) { return status >= range.first && status <= range.second; });
    }
    bool has_grpc(int code) const { return std::ranges::find(grpc, code) != grpc.end(); }

    /// What is tried again where nothing is said, as far as the request allows it.
    static Conditions retried() {
        return {.connect_failure = true, .reset = true, .refused_stream = true, .statuses = {{502, 504}}, .grpc = {14}};
    }
    /// What counts against a circuit where nothing is said.
    static Conditions of_circuits() {
        return {.connect_failure = true,
                .reset = true,
                .timeout = true,
                .malformed = true,
                .statuses = {{500, 500}, {502, 504}, {506, 599}},
                .grpc = {4, 13, 14, 15}};
    }
    /// The same for an endpoint, and what a fallback stands in for: only what says that the origin itself is ill.
    static Conditions of_outliers() {
        return {.connect_failure = true,
                .reset = true,
                .timeout = true,
                .malformed = true,
                .statuses = {{502, 504}},
                .grpc = {14}};
    }
    friend bool operator==(const Conditions&, const Conditions&) = default;
};

}  // namespace adit::config
