// The policies that a route configures, and what they do to one exchange.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/config/config.h"
#include "connector/http/exchange.h"
#include "connector/policy/compression.h"
#include "connector/policy/cors.h"
#include "connector/policy/field_edits.h"

namespace adit::policy {

/// Compiled once per route, then only read by all workers.
struct RoutePolicies {
    std::optional<Cors> cors;
    std::uint64_t max_body = 0;  ///< 0: no further bound
    std::optional<FieldEdits> request_fields;
    std::optional<FieldEdits> response_fields;
    std::optional<Compression> compression;

    /// Null when the route configures none of them: its requests then pay for one comparison.
    static std::shared_ptr<const RoutePolicies> make(const config::RouteRule& rule);
};

/// The policies of one route around one exchange. What they want to know of the request they read when it begins, so
/// that fields which are changed for the backend still count as the client sent them. It is the exchange's filter for
/// as long as it lives; where one route leads to another, the inner one's comes first and hands on to the outer one's.
class PolicyRun final : private http::AnswerFilter {
  public:
    /// Policies and exchange outlive it. `outer`: of the route that led here; may be null.
    PolicyRun(const RoutePolicies& policies, http::Exchange& exchange, std::unique_ptr<PolicyRun> outer);
    PolicyRun(const PolicyRun&) = delete;
    PolicyRun& operator=(const PolicyRun&) = delete;
    ~PolicyRun() { exchange_.answer_filter = nullptr; }

    bool is_preflight() const { return preflight_; }
    /// Makes the fields that it sets; once who calls is known, or known not to be.
    void read(const RequestValues& values);
    /// The whole answer to a preflight: the backend is not asked.
    http::Exchange::Whole preflight() const;
    /// Refuses a body that says it is too large; one that turns out to be is refused while it is read.
    std::optional<problem::Failure> bound_body() const;
    /// Changes the fields that the backend gets.
    void edit_request();

  private:
    void filter(http::ResponseHead& response, http::Exchange& exchange) override;
    void compress(http::ResponseHead& response);

    const std::unique_ptr<PolicyRun> outer_;
    const RoutePolicies& policies_;
    http::Exchange& exchange_;
    std::string_view origin_;  ///< of the page that asks, if it may
    bool preflight_;
    std::optional<ContentCoding> coding_;  ///< that the client wants
    FieldEdits::Made request_made_;
    FieldEdits::Made response_made_;
    std::string etag_;  ///< behind the field that a coding weakens
};

}  // namespace adit::policy
