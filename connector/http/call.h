// One request on its way to an origin and the answer to it, in the version of HTTP that the connection speaks.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "common/h2/session.h"
#include "common/problem/failure.h"
#include "connector/http/body.h"
#include "connector/http/forward.h"
#include "connector/http/message.h"

namespace adit::http {

/// Made for one try; used on its loop's thread. Destroying it before the answer's end gives the request up.
class Call {
  public:
    virtual ~Call() = default;

    /// Queues the head; with `whole` nothing follows it. False when the connection has just gone and nothing was sent.
    virtual bool start(const RequestHead& request, const Onward& onward, bool whole) = 0;
    /// The bytes to and from the origin; there from start() on.
    virtual net::Stream& stream() = 0;
    /// Where the request's body goes; there from start() on.
    virtual BodyWriter& body() = 0;

    enum class Progress { nothing, begun, head };
    /// Looks at what has arrived: whether a whole head (an interim one too) is in `response` now. Waits for nothing.
    virtual std::expected<Progress, problem::Failure> take_head(ResponseHead& response) = 0;
    /// The body of the answer whose final head was taken.
    virtual BodyReader answer_body(const ResponseHead& response) = 0;
    /// Gives the connection back after the exchange when it may carry another one; null when it is shared or spent.
    virtual std::unique_ptr<net::Stream> release(const ResponseHead& response) = 0;
};

/// On a connection of its own.
std::unique_ptr<Call> http1_call(std::unique_ptr<net::Stream> connection);
/// On a stream of a shared session, which the caller keeps alive.
std::unique_ptr<Call> http2_call(h2::Session& session);

}  // namespace adit::http
