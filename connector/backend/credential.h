// The interface between what forwards a request and what proves to the origin that it came from us.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/net/loop.h"
#include "common/net/task.h"
#include "common/problem/failure.h"
#include "connector/access/caller.h"
#include "connector/http/message.h"

namespace adit::backend {

/// A request that is about to go to an origin, as it will go: after all policies, with the path that is sent.
struct Occasion {
    const http::RequestHead& request;
    std::string_view authority;              ///< the Host that the origin gets
    std::string path;                        ///< with the endpoint's base path, without the query
    const access::Caller* caller = nullptr;  ///< null where nobody is authenticated
    std::string_view route;
    std::string_view request_id;
    std::string_view body = {};  ///< where body_most() asks for it
    bool tls = false;            ///< the origin is reached by TLS
    net::Loop& loop;
    net::Time deadline;  ///< nobody waits longer for a token
};

/// What goes into one try of a request.
struct Attached {
    std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
    std::shared_ptr<const void> token;  ///< the credential's own: which token this was, for renew()
};

/// What the operator may know of a credential: never the secret.
struct CredentialStanding {
    std::string kind;        ///< the key of the configuration, such as oauth2_client_credentials
    bool has_value = false;  ///< requests need not wait
    std::optional<std::chrono::system_clock::time_point> expires = {};
    std::string trouble = {};  ///< of the last fetch; empty when it went well, or there was none
    std::uint64_t fetches = 0;
    std::uint64_t failures = 0;
};

/// One credential of a backend; made by a generation, shared by all workers, called on any of them.
class Credential {
  public:
    virtual ~Credential() = default;

    /// The fields that it writes, in lower case: what a client sent under these names never reaches the origin.
    virtual const std::vector<std::string>& names() const = 0;
    /// Adds its fields. Suspends only while there is no token at all; then at most until the deadline. A failure is
    /// credential_unavailable() and no sample of the backend's health.
    virtual net::Task<std::expected<void, problem::Failure>> attach(const Occasion& occasion, Attached& attached) = 0;
    /// Whether an origin's answer says that it did not believe what was attached.
    virtual bool disbelieved(const http::ResponseHead& answer) const { return answer.status == 401; }
    /// The origin did not believe what was attached: gets another token where that may help, which is rate limited;
    /// whether there is one now, for another attach(). `challenge` is the WWW-Authenticate field.
    virtual net::Task<bool> renew(const Attached& attached, std::string_view challenge, net::Loop& loop,
                                  net::Time deadline) {
        static_cast<void>(attached);
        static_cast<void>(challenge);
        static_cast<void>(loop);
        static_cast<void>(deadline);
        co_return false;
    }
    /// Any thread.
    virtual CredentialStanding standing() const { return {}; }
    /// Fetches what it needs before any request wants it, where that is configured. Any thread.
    virtual void prefetch() {}
    /// How much of a request's body it has to see before the head goes out; 0: nothing of it. A larger body is refused.
    virtual std::size_t body_most() const { return 0; }
};

using Credentials = std::vector<std::shared_ptr<Credential>>;

}  // namespace adit::backend
