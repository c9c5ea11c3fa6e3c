// What a network does every day, as a value: an error_code of the system or one of ours.
#pragma once

#include <boost/system/error_code.hpp>

namespace adit::net {

/// Outcome of an operation on a stream. Falsy = success.
using Status = boost::system::error_code;

/// Ends of a stream that errno has no name for.
enum class Errc {
    would_block = 1,  ///< nothing now; wait for readiness
    end_of_stream,    ///< the peer ended its direction in order
    truncated,        ///< the transport ended without the sign that this was the end (TLS close_notify, END_STREAM)
    reset,            ///< the peer or its transport gave the stream up
    refused,          ///< the far end of the tunnel refused the stream; its failure() says why
    aborted,          ///< this side gave the stream up
    timed_out,        ///< a deadline of ours passed
    peer_gone,        ///< the other party of the exchange left (a client that closed its connection)
    session_closed,   ///< the session below the stream ended
    tls_handshake,    ///< TLS could not be agreed on; the stream's TLS layer holds the words
    protocol,         ///< the peer broke the protocol
    limit,            ///< a bound of ours was reached
};

const boost::system::error_category& stream_category();

inline Status make_error_code(Errc e) {
    return {static_cast<int>(e), stream_category()};
}

}  // namespace adit::net

template <>
struct boost::system::is_error_code_enum<adit::net::Errc> : std::true_type {};
