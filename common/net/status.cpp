// Words for the ends of streams.
#include "common/net/status.h"

#include <string>

namespace adit::net {
namespace {

class StreamCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "adit.stream"; }
    std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::would_block:
                return "nothing to do yet";
            case Errc::end_of_stream:
                return "end of stream";
            case Errc::truncated:
                return "the connection ended before the stream did";
            case Errc::reset:
                return "the peer reset the stream";
            case Errc::refused:
                return "the far end refused the stream";
            case Errc::aborted:
                return "given up on this side";
            case Errc::timed_out:
                return "timed out";
            case Errc::peer_gone:
                return "the other party closed its connection";
            case Errc::session_closed:
                return "the tunnel session ended";
            case Errc::tls_handshake:
                return "TLS handshake failed";
            case Errc::protocol:
                return "protocol error";
            case Errc::limit:
                return "limit reached";
        }
        return "unknown stream error";
    }
};

}  // namespace

const boost::system::error_category& stream_category() {
    static const StreamCategory category;
    return category;
}

}  // namespace adit::net
