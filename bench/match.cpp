// How long the router takes to find a request's route among few and among many. Prints ns per match and the ratios.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "connector/route/router.h"

namespace {

using namespace adit;

constexpr std::size_t kSizes[] = {10, 1'000, 10'000};
constexpr std::size_t kRequests = 4'096;  ///< drawn from all routes alike
constexpr int kRounds = 15;               ///< of which the fastest counts: the others were disturbed
constexpr int kPasses = 20;

struct Asked {
    std::string host;
    std::string path;
};

/// A way to spread n routes: the match of route i, and a request that takes it.
struct Shape {
    const char* name;
    std::function<config::Match(std::size_t)> match;
    std::function<Asked(std::size_t)> request;
};

std::string number(std::size_t i) {
    return std::to_string(i);
}

const std::vector<Shape> kShapes{
    {"a prefix each, one host",
     [](std::size_t i) { return config::Match{"api.example.com", "/service-" + number(i) + "/**"}; },
     [](std::size_t i) { return Asked{"api.example.com", "/service-" + number(i) + "/orders/4711"}; }},
    {"a host each", [](std::size_t i) { return config::Match{"tenant-" + number(i) + ".example.com", "/**"}; },
     [](std::size_t i) { return Asked{"tenant-" + number(i) + ".example.com", "/v1/orders/4711"}; }},
    {"an API: 100 resources a service, ids in the path",
     [](std::size_t i) {
         return config::Match{"", "/v1/service-" + number(i / 100) + "/{id}/resource-" + number(i % 100) + "/*"};
     },
     [](std::size_t i) {
         return Asked{"api.example.com", "/v1/service-" + number(i / 100) + "/4711/resource-" + number(i % 100) + "/9"};
     }},
};

/// Routers of all sizes take turns, so that a disturbance hits them alike.
class Contest {
  public:
    Contest(const Shape& shape, std::size_t routes) {
        std::vector<config::RouteRule> rules;
        for (std::size_t i = 0; i < routes; ++i) {
            rules.push_back({number(i), shape.match(i), "backend"});
        }
        router_ = std::make_unique<route::Router>(rules);
        Random random(routes);
        for (std::size_t i = 0; i < kRequests; ++i) {
            expected_.push_back(random.below(routes));
            requests_.push_back(shape.request(expected_.back()));
        }
    }

    void round() {
        std::size_t wrong = 0;
        const auto start = std::chrono::steady_clock::now();
        for (int pass = 0; pass < kPasses; ++pass) {
            for (std::size_t i = 0; i < kRequests; ++i) {
                const route::Route* found = router_->match(requests_[i].host, requests_[i].path, head_);
                // By its place, not by what it holds: a match looks at no more of the route.
                wrong += found != &router_->routes()[expected_[i]] ? 1 : 0;
            }
        }
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        best_ = std::min(best_, took.count() / (kPasses * kRequests));
        wrong_ += wrong;
    }
    double best() const { return best_; }
    bool right() const { return wrong_ == 0; }

  private:
    std::unique_ptr<route::Router> router_;
    std::vector<Asked> requests_;
    std::vector<std::size_t> expected_;
    const http::RequestHead head_;
    double best_ = std::numeric_limits<double>::infinity();
    std::size_t wrong_ = 0;
};

}  // namespace

/// 0: no ratio reached 2; 1: one did, or a wrong route was found.
int main() {
    bool good = true;
    for (const Shape& shape : kShapes) {
        std::vector<std::unique_ptr<Contest>> contests;
        for (const std::size_t routes : kSizes) {
            contests.push_back(std::make_unique<Contest>(shape, routes));
        }
        for (int round = 0; round < kRounds; ++round) {
            for (const auto& contest : contests) {
                contest->round();
            }
        }
        std::printf("%s\n", shape.name);
        for (std::size_t i = 0; i < contests.size(); ++i) {
            const double ratio = contests[i]->best() / contests[0]->best();
            std::printf("  %6zu routes  %6.1f ns  x %.2f%s\n", kSizes[i], contests[i]->best(), ratio,
                        contests[i]->right() ? "" : "  WRONG ROUTES");
            good = good && contests[i]->right() && ratio < 2;
        }
    }
    return good ? 0 : 1;
}
