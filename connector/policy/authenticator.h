// One way to tell who calls: what each kind of policy implements.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.h"
#include "common/net/loop.h"
#include "common/net/task.h"
#include "common/tls/peer_certificate.h"
#include "connector/access/caller.h"
#include "connector/http/message.h"

namespace adit::policy {

/// A request whose caller is asked for. The views live as long as the exchange.
struct Visit {
    const http::RequestHead& request;
    std::string_view client_ip;                         ///< of who asks, as trusted proxies say it
    const tls::PeerCertificate* certificate = nullptr;  ///< that the listener has verified; null: none was shown
    net::Loop& loop;                                    ///< on which the exchange lives
    WallTime now{};                                     ///< by which credentials expire
    net::Time deadline = net::Time::max();              ///< nobody waits longer, for a key set say
    bool proxy = false;  ///< credentials stand in Proxy-Authorization: a listener for CONNECT

    /// Authorization (or Proxy-Authorization); null when there is none. It is looked for by its name: what
    /// authenticates to us loses its known() meaning in the head.
    const http::Field* find_authorization() const;
    /// The credentials of Authorization (or Proxy-Authorization) for a scheme (RFC 9110 §11.4); nothing when there is
    /// no such field or it speaks of another scheme.
    std::optional<std::string_view> credentials(std::string_view scheme) const;
    /// Who reads the first and who reads the last would see two callers.
    bool repeats_authorization() const;
    /// Adds all fields of this name.
    void note_fields(std::string_view name, struct Shown& into) const;
};

/// What one way has found.
struct Finding {
    std::shared_ptr<const access::Caller> caller;  ///< null: not known by this way
    std::string flaw;  ///< what is wrong with the credential that was shown, for the client; empty: none was shown
    std::chrono::seconds retry_after{};  ///< above 0: whether it is good cannot be told for so long (a key set is out
                                         ///< of reach, say), for the reason that `flaw` gives

    static Finding absent() { return {}; }
    static Finding refused(std::string flaw) { return {nullptr, std::move(flaw), {}}; }
    static Finding unavailable(std::string why, std::chrono::seconds retry_after) {
        return {nullptr, std::move(why), std::max(retry_after, std::chrono::seconds(1))};
    }
    static Finding good(std::shared_ptr<const access::Caller> caller) { return {std::move(caller), {}, {}}; }
};

/// Fields and parameters of a request in which a credential stands. They never reach an origin, unless its backend says
/// `credential: { forward: true }`.
struct Shown {
    std::vector<const http::Field*> fields;
    std::vector<std::string_view> parameters;  ///< names, of the query
};

/// Made by a generation for each policy that a route or listener uses; immutable to its users, called on any worker.
class Authenticator {
  public:
    explicit Authenticator(std::string name) : name_(std::move(name)) {}
    virtual ~Authenticator() = default;

    /// The policy's, for metrics.
    const std::string& name() const { return name_; }
    /// What can be said at once; nothing when that takes waiting: then wait() is asked. A flaw holds nothing of a
    /// secret.
    virtual std::optional<Finding> look(const Visit& visit) const = 0;
    /// Called only after look() said nothing; the visit outlives it.
    virtual net::Task<Finding> wait(const Visit& visit) const;
    /// Lets anybody in to whom no other policy of the route objects: asked last, and only where nothing was shown.
    virtual bool anonymous() const { return false; }
    /// For WWW-Authenticate or Proxy-Authenticate (RFC 9110 §11.6.1); empty: this way has no challenge. `refused`: this
    /// way was tried and has found a flaw.
    virtual std::string challenge(bool refused) const {
        static_cast<void>(refused);
        return {};
    }
    /// Where in this request a credential of this kind stands, good or bad.
    virtual void shown(const Visit& visit, Shown& into) const {
        static_cast<void>(visit);
        static_cast<void>(into);
    }

  private:
    std::string name_;
};

}  // namespace adit::policy
