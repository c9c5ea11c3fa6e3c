// The chain that the `policies` of a route make: who calls, by the first that can tell.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/problem/failure.h"
#include "connector/admin/metrics.h"
#include "connector/policy/authenticator.h"

namespace adit::policy {

/// How far the question who calls has come, for one request.
struct Inquiry {
    std::shared_ptr<const access::Caller> caller;  ///< null while, or when, nobody is known
    std::size_t next = 0;                          ///< the policy that is asked next
    std::optional<std::size_t> by = {};            ///< the one that has recognised the caller by what was shown
    std::vector<std::size_t> refused;              ///< policies that have found a flaw
    std::string flaws;                             ///< in words, for the client
    std::chrono::seconds retry_after{};            ///< above 0: one of these could not tell whether it is a flaw
};

/// Compiled once per route or listener, then only read by all workers.
class Authentication {
  public:
    struct Way {
        std::shared_ptr<const Authenticator> by;
        std::shared_ptr<AuthenticationMetrics> metrics;
    };
    explicit Authentication(std::vector<Way> ways) : ways_(std::move(ways)) {}

    /// Asks one policy after the other until one knows the caller or none is left (true), or one has to wait (false:
    /// await wait(), then go on). A credential that is bad does not end it; `anonymous` counts where none was shown.
    ///
    ///     while (!chain.proceed(visit, inquiry)) co_await chain.wait(visit, inquiry);
    bool proceed(const Visit& visit, Inquiry& inquiry) const;
    /// Visit and inquiry outlive it.
    net::Task<> wait(const Visit& visit, Inquiry& inquiry) const;

    /// Why nobody is known: 401, or 503 where a policy could not tell (closed, never open). The detail says what was
    /// wrong with what was shown, and no secret.
    problem::Failure failure(const Inquiry& inquiry) const;
    /// The values of WWW-Authenticate (or Proxy-Authenticate) that go with it, in the order of the policies; none with
    /// a 503, since another credential would not help.
    std::vector<std::string> challenges(const Inquiry& inquiry) const;
    /// Where in the request the credential stands by which the caller was recognised, or where others of these kinds
    /// do, which prove nothing.
    enum class Of { caller, others };
    Shown shown(const Visit& visit, const Inquiry& inquiry, Of whose) const;
    /// One of its policies is `anonymous`.
    bool anonymous() const;

  private:
    void take(Finding finding, Inquiry& inquiry) const;

    std::vector<Way> ways_;
};

}  // namespace adit::policy
