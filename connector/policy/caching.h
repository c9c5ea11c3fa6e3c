// A cache before a backend, for one exchange: answers from it, and lets it learn from what origins answer (RFC 9111).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/admin/degrading_metrics.h"
#include "connector/cache/cache.h"
#include "connector/cache/key.h"
#include "connector/cache/marking.h"
#include "connector/cache/storable.h"
#include "connector/cache/use.h"
#include "connector/http/exchange.h"
#include "connector/policy/effects.h"
#include "connector/policy/kept_request.h"

namespace adit::policy {

/// The code of the failure of a request that wants a stored answer only.
inline constexpr problem::Code kNotCached = "not-cached";

/// Made before the origin is asked; asked again about the answer, and when the origin has failed. On the exchange's
/// loop; everything that it refers to outlives it, and it outlives the call to the origin.
class Caching final : private http::BodyTap {
  public:
    struct Means {
        cache::Cache& cache;
        const config::Cache* settings = nullptr;  ///< null: the route keeps nothing, but others of its backend do
        CacheMetrics* metrics = nullptr;          ///< with settings
        cache::KeyParts key;
        cache::Asker asker;
        std::span<const std::string> reserved;  ///< fields that only we write: what clients write there stays behind
        bool forwards_credential = false;
        std::string_view bulkhead = {};     ///< the backend's; empty: it has none
        std::chrono::milliseconds total{};  ///< configured for an exchange; 0: no bound
        bool via = true;                    ///< answers get a Via of ours
        std::chrono::milliseconds idle{};   ///< that a client may take nothing of an answer
    };
    Caching(http::Exchange& exchange, const Means& means, Effects& effects);
    Caching(const Caching&) = delete;
    Caching& operator=(const Caching&) = delete;
    ~Caching();

    enum class Next {
        ask,         ///< the origin
        answered,    ///< nothing is left to do
        refuse,      ///< by failure(): the client wants no origin to be asked, or another's request has just failed
        revalidate,  ///< have somebody ask anew, and then serve_stale()
    };
    /// Looks for an answer; may wait up to `until` for that of another's request for the same.
    net::Task<Next> begin(net::Time until);
    const problem::Failure& failure() const { return *failure_; }
    net::Task<> serve_stale();
    /// Instead of begin(): asks anew what `other` has found stale, unless somebody does already.
    bool begin_renewal(const Caching& other);

    /// Whether the answer stays here: it confirms what is stored, or what is stored stands in for it.
    bool keeps_back(const http::ResponseHead& answer);
    /// The answer goes on to the client.
    void takes(http::ResponseHead& answer);
    http::BodyTap* tap() { return draft_ ? this : nullptr; }

    /// Whether the origin has to be asked once more, because it confirmed what is not stored.
    bool asks_again();
    /// When the origin was asked: what stands in for the failure is answered (nothing then), or the failure goes on.
    net::Task<std::optional<problem::Failure>> conclude(std::optional<problem::Failure> failure);
    /// The same where nobody waits for an answer.
    void conclude_renewal(const std::optional<problem::Failure>& failure);

  private:
    using Time = net::Time;

    bool concerned();
    cache::Shown shown() const { return {exchange_.request, means_.reserved, means_.forwards_credential}; }
    std::string kind() const;
    cache::Use look();
    net::Task<std::optional<Next>> follow(std::shared_ptr<cache::Flight> flight, Time until);
    Next refuse(problem::Failure failure);
    Next ask();
    bool catches_up();
    void add_validators();
    void restore_request();
    void confirm(const http::ResponseHead& answer);
    void begin_draft(const http::ResponseHead& answer, std::vector<cache::Selecting> selecting);
    void invalidate(const http::ResponseHead& answer);
    void land_failure(const problem::Failure& failure);
    void stays_out(cache::Refusal refusal, int status);
    void give_up_storing();
    void note(metrics::Counter& result, std::string_view word, std::string_view detail = {});
    void mark(http::ResponseHead& answer);
    net::Task<> serve();
    net::Task<> send_body();
    bool may_stand_in() const;
    void passing(const net::Chain& bytes, std::size_t n) override;
    void passed() override;

    http::Exchange& exchange_;
    const Means means_;
    Effects& effects_;
    const cache::Control asked_;
    const cache::Key key_;
    net::Loop& loop_;
    cache::Marking marking_;
    std::shared_ptr<const cache::Entry> entry_;  ///< what is stored; stale where the origin is asked
    cache::Lead lead_;
    std::optional<problem::Failure> failure_;
    std::optional<KeptRequest> request_;  ///< as it was, while validators of ours stand there
    metrics::Counter* result_ = nullptr;  ///< counts this when it ends
    bool has_followed_ = false;
    bool validating_ = false;
    bool confirmed_ = false;
    bool mismatched_ = false;
    int stood_in_for_ = 0;  ///< the status of an error that was kept back
    cache::Moment moment_{};
    std::unique_ptr<cache::Entry> draft_;  ///< its body is being collected
    std::optional<cache::Store::Room> room_;
    std::string body_;
    std::string age_text_;
    std::string marking_text_;
};

}  // namespace adit::policy
