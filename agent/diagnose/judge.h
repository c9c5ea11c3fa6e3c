// What the outcome of each step means for the person who runs the agent. Pure: facts in, a finding out.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/diagnose/finding.h"
#include "agent/dial/look.h"
#include "agent/options/token_source.h"
#include "common/net/address.h"
#include "common/net/proxy_environment.h"
#include "common/net/resolver.h"
#include "common/tls/certificate.h"
#include "common/token/token.h"

namespace adit::agent {

using Took = std::chrono::nanoseconds;

// --- the token ---

Finding judge_no_token();
Finding judge_unreadable_token(const TokenPlace& place, const Error& error);
/// `token`: what was read, or why it is none. `exposed`: the file's mode when others can read it.
Finding judge_token(const TokenPlace& place, const Result<token::Token>& token, std::optional<unsigned> exposed,
                    WallTime now);

// --- the way to the connector, and to a target ---

Finding judge_dns(const net::HostPort& name, const net::Resolver::Answer& answer, Took took);
/// No proxy is used for `name`: none is set, or NO_PROXY excepts the name.
Finding judge_direct(const net::HostPort& name, bool proxy_set);
/// The proxy was asked for `name`; `refusal` null: it leads there now.
Finding judge_proxy(const net::HostPort& name, const net::Proxy& proxy, const problem::Failure* refusal);
/// `program` should listen there: "the connector", "the proxy". `failure` null: connected.
Finding judge_tcp(std::string about, const char* program, const problem::Failure* failure, Took took);
/// As judge_tcp(), of a target that the allow list names.
Finding judge_target(std::string about, const problem::Failure* failure, Took took);
/// A step that could not be taken.
Finding skipped(const char* step, std::string about, std::string why);

// --- the connector itself ---

/// A TLS handshake with what claims to be the connector.
struct Handshake {
    enum class End { agreed, silence, failed };
    End end = End::failed;
    std::string problem;  ///< OpenSSL's or the peer's words
    std::string alpn;
    std::string version;
    std::optional<tls::CertificateFacts> shown;  ///< what the server showed, accepted or not
    bool pinned = true;                          ///< the token names keys; else CAs decide
};

Finding judge_tls(const std::string& about, const std::string& host, const Handshake& handshake, WallTime now);

Finding judge_session(const std::string& about, const SessionEnd& end, const token::Token& token, WallTime now);
/// Our clock against the connector's, or, without its time, against the dates of its certificate.
Finding judge_clock(const std::string& about, const SessionEnd& end, const std::optional<tls::CertificateFacts>& shown,
                    WallTime now);

}  // namespace adit::agent
