// Endpoints and how requests are spread over them: balance, health checks, outliers.
#include "connector/config/table_parts.h"

#include <algorithm>

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

struct Written {
    Endpoint url;
    std::uint32_t weight = 1;
    std::uint32_t priority = 0;
    std::string zone = {};
};

Object<Written> written() {
    return Object<Written>("an endpoint", "An endpoint with its place among the others.")
        .required("url", &Written::url, Parsed<Endpoint>("an endpoint", parse_endpoint),
                  "service://NAME, http:// or https://.")
        .field("weight", &Written::weight, Integer<std::uint32_t>(0, bounds::max_weight),
               "Of its requests beside the others'.")
        .field("priority", &Written::priority, Integer<std::uint32_t>(0, 100),
               "Endpoints of a higher number get requests when those of lower ones are down.")
        .field("zone", &Written::zone, Name(), "Where it is; those of the connector's own zone come first.");
}

/// header NAME, cookie NAME, consumer or client_ip.
Result<Balance::Key> parse_key(std::string_view text) {
    using Of = Balance::Key::Of;
    if (text == "consumer") return Balance::Key{Of::consumer};
    if (text == "client_ip") return Balance::Key{Of::client_ip};
    for (const auto& [word, of] : {std::pair("header ", Of::header), std::pair("cookie ", Of::cookie)})
        if (text.starts_with(word)) {
            auto name = std::string(text.substr(std::string_view(word).size()));
            if (const auto good = parse_field_name(name); !good) return std::unexpected(good.error());
            return Balance::Key{of, std::move(name)};
        }
    return usage_error("write consumer, client_ip, header NAME or cookie NAME");
}

Object<HttpCheck> http() {
    return Object<HttpCheck>("http", "A GET that has to be answered as said.")
        .field("path", &HttpCheck::path, Text(), "With the query.")
        .field("host", &HttpCheck::host, Text(), "The Host; the endpoint's when left out.")
        .field("status", &HttpCheck::statuses, StatusRanges(), "204, 2xx or 200-299.")
        .field("body", &HttpCheck::body, Text(), "Text that the answer contains; any when left out.");
}

void one_kind(const Node& node, const Health& health, Diagnostics& diagnostics) {
    if (int{health.http.has_value()} + int{health.tcp.has_value()} + int{health.grpc.has_value()} != 1)
        diagnostics.error(node.place, "a health check has one of http, tcp and grpc");
}

}  // namespace

bool EndpointEntry::read(const Node& node, Endpoint& endpoint, Diagnostics& diagnostics) const {
    if (node.kind != Node::Kind::map)
        return Parsed<Endpoint>("an endpoint", parse_endpoint).read(node, endpoint, diagnostics);
    Written text;
    if (!written().read(node, text, diagnostics)) return false;
    endpoint = std::move(text.url);
    endpoint.weight = text.weight;
    endpoint.priority = text.priority;
    endpoint.zone = std::move(text.zone);
    return true;
}

Schema EndpointEntry::schema() const {
    Schema schema = written().schema();
    schema.or_text = true;
    return schema;
}

yaml::Object<Balance> balance_table() {
    return Object<Balance>("balance", "How requests are spread over the endpoints that are well.")
        .field("by", &Balance::by,
               Choice<Balance::By>({{"least-request", Balance::By::least_request},
                                    {"round-robin", Balance::By::round_robin},
                                    {"random", Balance::By::random},
                                    {"hash", Balance::By::hash}}),
               "The less busy one of two that are drawn; in turn; by chance; or the same one for the same key.")
        .field("key", &Balance::key, Parsed<Balance::Key>("a key", parse_key),
               "Of hash: consumer, client_ip, header NAME or cookie NAME.")
        .field("slow_start", &Balance::slow_start, Duration(0ms, bounds::max_timeout),
               "Over which an endpoint that is new or well again gets its full share.")
        .field("panic", &Balance::panic, Integer<std::uint32_t>(0, 100),
               "Percent: when fewer endpoints are healthy, all are used; 0: never.")
        .field("zone", &Balance::zone, Name(), "Endpoints of this zone come first.");
}

yaml::Object<Health> health_table() {
    return Object<Health>("health", "How endpoints are asked how they are.")
        .field("http", &Health::http, http(), "A GET that has to be answered as said.")
        .field("tcp", &Health::tcp, Object<TcpCheck>("tcp", "A connection that has to stand."),
               "A connection that has to stand.")
        .field("grpc", &Health::grpc,
               Object<GrpcCheck>("grpc", "grpc.health.v1.Health/Check.")
                   .field("service", &GrpcCheck::service, Text(), "Its name; the whole server when left out."),
               "The health protocol of gRPC.")
        .field("interval", &Health::interval, Duration(bounds::min_health_interval, bounds::max_timeout),
               "Between two checks, give or take a tenth.")
        .field("timeout", &Health::timeout, timeout(), "Of one check.")
        .field("unhealthy", &Health::unhealthy, Integer<std::uint32_t>(1, 100),
               "Failures in a row that take an endpoint out.")
        .field("healthy", &Health::healthy, Integer<std::uint32_t>(1, 100), "Successes in a row that bring it back.")
        .rule(one_kind);
}

yaml::Object<Outlier> outlier_table() {
    const auto percent = [] { return Integer<std::uint32_t>(0, 100); };
    const auto count = [] { return Integer<std::uint32_t>(0, bounds::max_count); };
    return Object<Outlier>("outlier", "Endpoints whose own traffic says that they are ill get none for a while.")
        .field("consecutive", &Outlier::consecutive, count(), "Failures in a row; 0: off.")
        .field("success_rate", &Outlier::success_rate, percent(),
               "Percent of the interval's calls below which an endpoint goes; 0: off.")
        .field("latency", &Outlier::latency, Integer<std::uint32_t>(0, 10'000),
               "Percent of the other endpoints' median beyond which it goes, such as 300; 0: off.")
        .field("minimum", &Outlier::minimum, count(), "Calls in the interval before these two count.")
        .field("interval", &Outlier::interval, Duration(bounds::min_window, bounds::max_timeout),
               "How often these two are looked at.")
        .field("ejection", &Outlier::ejection, Duration(bounds::min_timeout, bounds::max_timeout),
               "For how long, times how often it was lately.")
        .field("ejection_most", &Outlier::ejection_most, Duration(bounds::min_timeout, bounds::max_timeout), "At most.")
        .field("ejected_most", &Outlier::ejected_most, percent(),
               "Percent of the endpoints at once; the last one never goes.")
        .field("on", &Outlier::on, ConditionList(), "Which ends of a try are failures.");
}

}  // namespace adit::config
