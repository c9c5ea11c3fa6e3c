// What the outcome of each step over WireGuard means. Pure: facts in, a finding out.
#pragma once

#include "agent/diagnose/judge.h"
#include "agent/diagnose/relay.h"
#include "agent/dial/choose.h"

namespace adit::agent {

/// Of what the token holds and the operator wishes; an error when they do not go together.
Finding judge_ways(const Result<WayChoice>& choice);
/// Where there are two ways: which one `run` would take now. `walks` are the findings by address, in which steps over
/// WireGuard are those of walks with a "device" step.
Finding judge_taken(const std::vector<Findings>& walks);

/// `why` this kind, or the error when none could be had.
Finding judge_device(std::string about, const Result<std::string>& why);

/// A handshake that was tried through a relay.
struct Knock {
    Datagrams datagrams;
    std::optional<Took> took;  ///< until it succeeded
    std::string inside{};      ///< why no connection inside the network came about; empty: one did
    Took waited{};             ///< altogether
};
Finding judge_udp(std::string about, const Knock& knock, const token::Token& token);
Finding judge_handshake(std::string about, const Knock& knock, const token::Token& token);
/// Likewise of a session inside: its end, or, when there was no connection, why (in `knock`).
Finding judge_inner_session(std::string about, const Knock& knock, const SessionEnd& end, const token::Token& token);

/// Whether full packets arrive.
struct Fullness {
    unsigned mtu = 0;                   ///< of packets inside, as configured
    bool v6 = false;                    ///< the family of the endpoint
    bool crossed = false;               ///< the connector has taken full packets
    std::optional<unsigned> smaller{};  ///< a smaller size that did cross, when the configured one did not
    std::optional<unsigned> path{};     ///< bytes of an IP packet that the path carries, when it is too small
};
Finding judge_mtu(std::string about, const Fullness& fullness);

}  // namespace adit::agent
