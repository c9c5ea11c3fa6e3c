// One client of a status server: its requests, read, judged and answered one after the other.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/net/deadline.h"
#include "common/net/descriptor.h"
#include "common/net/give_way.h"
#include "common/net/stream.h"
#include "common/status/server_state.h"

namespace adit::tls {
class TlsStream;
}

namespace adit::status {

/// In the state's list while it lives. Where there are kMost, one that waits without a request of its own under way
/// gives its place to a newcomer.
class Connection final : public net::Deadline, public net::Tenant {
  public:
    static constexpr std::size_t kMost = 64;  ///< at a time

    Connection(std::shared_ptr<ServerState> state, net::Descriptor accepted);
    ~Connection() override;

    /// Until the client leaves, is refused, or takes too long.
    static net::Task<> serve(std::unique_ptr<Connection> self);
    void close();

  private:
    using Head = boost::beast::http::request_header<>;

    struct Request;

    void expired() override { cut_off(); }
    void give_way() override { cut_off(); }
    void cut_off();
    /// Who it is was found out by a guard of before, and not by what is looked up anew with each request.
    bool outdated() const;
    net::Task<bool> shake_hands();
    void refuse(const Asked& asked, const Refusal& refusal) const;
    net::Task<bool> exchange();
    /// False when the client has gone.
    net::Task<bool> read_head(Request& request);
    net::Task<Answer> judge(const Head& head);
    net::Task<Answer> answer(const Head& head, Asked asked) const;
    std::optional<Answer> answer_below(std::string_view path, const Head& head, Asked& asked) const;
    net::Task<Answer> act(Server::Action action, Asked asked) const;
    net::Task<bool> write(Answer told, const Head& head, bool keep_alive);
    net::Task<> linger();

    std::shared_ptr<ServerState> state_;
    std::shared_ptr<const Guard> guard_;  ///< as it was when the client came; demands are looked up anew
    Peer peer_;
    std::unique_ptr<net::Stream> stream_;
    const tls::TlsStream* tls_ = nullptr;  ///< the stream, once it has shaken hands
    std::string held_;                     ///< bytes that were read and not parsed yet
    bool asked_ = false;                   ///< a request has come
    bool mistaken_ = false;                ///< something wrong was shown: another guess costs another connection
    net::Place place_;                     ///< free to others from the start, and after each answer
};

}  // namespace adit::status
