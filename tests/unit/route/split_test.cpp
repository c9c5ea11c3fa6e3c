// How requests are shared, by chance and by what identifies a client.
#include "connector/route/split.h"

#include <doctest/doctest.h>

#include <map>

namespace adit::route {
namespace {

constexpr int kClients = 20'000;

Split split_of(const std::map<std::string, std::uint32_t>& weights, config::SplitBy by = {}) {
    std::vector<config::SplitShare> shares;
    for (const auto& [backend, weight] : weights) shares.push_back({backend, weight, shares.size()});
    return Split(shares, std::move(by));
}

const std::string& taken(const Split& split, const http::RequestHead& request, std::string_view client,
                         Random& random) {
    return split.shares()[split.choose(request, client, random)].to.backend;
}

/// Which backend each of many clients gets, by address.
std::vector<std::string> sides(const Split& split) {
    Random random(1);
    const http::RequestHead request;
    std::vector<std::string> list;
    for (int i = 0; i < kClients; ++i) list.push_back(taken(split, request, "client-" + std::to_string(i), random));
    return list;
}

std::map<std::string, double> fractions(const std::vector<std::string>& sides) {
    std::map<std::string, double> parts;
    for (const std::string& side : sides) parts[side] += 1.0 / kClients;
    return parts;
}

config::SplitBy by(config::SplitBy::Of of, std::string name = {}) {
    return {of, std::move(name)};
}

}  // namespace

TEST_CASE("chance shares requests as the weights say, whatever their sum") {
    for (const std::uint32_t scale : {1U, 7U, 1000U}) {
        auto parts = fractions(sides(split_of({{"a", 90 * scale}, {"b", 9 * scale}, {"c", scale}, {"d", 0}})));
        CHECK(parts["a"] == doctest::Approx(0.90).epsilon(0.02));
        CHECK(parts["b"] == doctest::Approx(0.09).epsilon(0.1));
        CHECK(parts["c"] == doctest::Approx(0.01).epsilon(0.3));
        CHECK_FALSE(parts.contains("d"));
    }
}

TEST_CASE("a hash of the client shares them as the weights say, and the same every time") {
    const auto of = by(config::SplitBy::Of::client_ip);
    const auto first = sides(split_of({{"a", 90}, {"b", 9}, {"c", 1}, {"d", 0}}, of));
    auto parts = fractions(first);
    CHECK(parts["a"] == doctest::Approx(0.90).epsilon(0.02));
    CHECK(parts["b"] == doctest::Approx(0.09).epsilon(0.1));
    CHECK(parts["c"] == doctest::Approx(0.01).epsilon(0.3));
    CHECK_FALSE(parts.contains("d"));
    CHECK(sides(split_of({{"a", 90}, {"b", 9}, {"c", 1}, {"d", 0}}, of)) == first);
}

TEST_CASE("a weight that grows takes clients from others and gives none away") {
    const auto of = by(config::SplitBy::Of::client_ip);
    const auto before = sides(split_of({{"a", 90}, {"b", 10}, {"c", 10}}, of));
    const auto after = sides(split_of({{"a", 90}, {"b", 30}, {"c", 10}}, of));
    int moved = 0;
    for (int i = 0; i < kClients; ++i) {
        if (before[i] == after[i]) continue;
        ++moved;
        CHECK(after[i] == "b");
    }
    CHECK(moved > kClients / 10);
}

TEST_CASE("a client is known by a header field or a cookie; without it chance decides") {
    Random random(7);
    const auto of_request = [&](const Split& split, std::vector<http::Field> fields) {
        http::RequestHead request;
        request.fields = std::move(fields);
        std::map<std::string, int> seen;
        for (int i = 0; i < 50; ++i) ++seen[taken(split, request, "10.0.0.1", random)];
        return seen;
    };
    const Split header = split_of({{"a", 1}, {"b", 1}}, by(config::SplitBy::Of::header, "X-User"));
    const Split cookie = split_of({{"a", 1}, {"b", 1}}, by(config::SplitBy::Of::cookie, "sid"));
    CHECK(of_request(header, {{"x-user", "7"}}).size() == 1);
    CHECK(of_request(header, {{"x-other", "7"}}).size() == 2);
    CHECK(of_request(header, {}).size() == 2);
    CHECK(of_request(cookie, {{"cookie", "xsid=1; sidx=2"}}).size() == 2);
    const auto same = of_request(cookie, {{"cookie", "sid=47"}});
    CHECK(same.size() == 1);
    CHECK(of_request(cookie, {{"Cookie", "a=b;sid=47 ; c"}}) == same);
    CHECK(of_request(cookie, {{"cookie", "a=b"}, {"cookie", "sid=47"}}) == same);  // crumbs of HTTP/2
}

}  // namespace adit::route
