// Copies of requests for another backend, which can neither delay nor change what they are copies of.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connector/admin/metrics.h"
#include "connector/backend/backend.h"
#include "connector/config/config.h"
#include "connector/http/exchange.h"
#include "connector/http/request_copy.h"
#include "connector/route/passage.h"

namespace adit::route {

/// Tells the origin of a mirror's backend that a request is a copy; the value is the name of the route.
inline constexpr std::string_view kMirrorField = "adit-mirror";

/// One place among those that a route's mirror may have in flight at a time.
class MirrorSlot {
  public:
    MirrorSlot() = default;
    /// Empty when all are taken.
    MirrorSlot(std::shared_ptr<MirrorMetrics> metrics, std::uint32_t most);
    MirrorSlot(MirrorSlot&&) = default;
    MirrorSlot& operator=(MirrorSlot&&) = delete;
    ~MirrorSlot();

    explicit operator bool() const { return metrics_ != nullptr; }
    MirrorMetrics& metrics() const { return *metrics_; }

  private:
    std::shared_ptr<MirrorMetrics> metrics_;
};

/// The copy of one exchange's request, while its body passes. It leaves by itself when the request is whole: then a
/// coroutine of its own carries it, with a bound on its time and on its answer. Destroyed before the exchange, on its
/// loop; a request that was not whole by then is not mirrored. Each ends as one count of `metrics`.
class Mirror final : private http::BodyTap {
  public:
    /// `traceparent` goes with the copy as it goes with the original (Trace::traceparent).
    /// The copy goes by the right of who sent the original.
    Mirror(http::Exchange& exchange, const config::Mirror& rule, std::string_view route, Passage passage,
           std::string traceparent, std::shared_ptr<backend::Backend> backend,
           const std::shared_ptr<MirrorMetrics>& metrics);
    Mirror(const Mirror&) = delete;
    Mirror& operator=(const Mirror&) = delete;
    ~Mirror();

  private:
    struct Copy;

    void passing(const net::Chain& bytes, std::size_t n) override;
    void passed() override;
    void skip(MirrorMetrics::Skip why);
    static net::Task<> carry(std::unique_ptr<Copy> copy);

    http::BodyReader& body_;
    const std::uint64_t body_most_;
    std::unique_ptr<Copy> copy_;  ///< until it leaves or is given up
    bool tapping_ = false;
};

}  // namespace adit::route
