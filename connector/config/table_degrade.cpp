// What is answered when a backend cannot: caches, fallbacks, reduced functionality.
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

void one_of_two(const Node& node, const Fallback::Step& step, Diagnostics& diagnostics) {
    if (step.backend.empty() == !step.fixed)
        diagnostics.error(node.place, "a fallback is a backend or a static answer");
}

Object<Fallback::Step> step() {
    return Object<Fallback::Step>("a fallback", "Another backend, or an answer of the connector's own.")
        .field("backend", &Fallback::Step::backend, Text(), "The name of a backend.")
        .field("static", &Fallback::Step::fixed, static_answer_table(), "An answer of the connector's own.")
        .rule(one_of_two);
}

Duration span() {
    return {0ms, bounds::max_jwks_stale};
}

}  // namespace

yaml::Object<Cache> cache_table() {
    return Object<Cache>("cache", "Answers that are kept for the next who asks (RFC 9111).")
        .field("ttl", &Cache::ttl, span(),
               "How long answers are fresh that say nothing of it; 0: only those are kept that say.")
        .field("stale_if_error", &Cache::stale_if_error, span(),
               "How long after that they stand in for errors, where they do not say; 0: only where they say.")
        .field("stale_while_revalidate", &Cache::stale_while_revalidate, span(),
               "How long they are used while they are asked for anew.")
        .field("entry_bytes", &Cache::entry_bytes, Size(1, bounds::max_signed_body_bytes),
               "Larger answers are not kept.")
        .field("statuses", &Cache::statuses, List(Integer<std::uint16_t>(200, 599), bounds::cache_statuses),
               "That are kept; those of RFC 9110 section 15.1 when left out.")
        .field("per_consumer", &Cache::per_consumer, Boolean(),
               "Whether answers to an authenticated caller are for him alone; else only those with Authorization are "
               "held back, as RFC 9111 says.");
}

yaml::Object<CacheStore> cache_store_table() {
    return Object<CacheStore>("cache", "What all caches together may take.")
        .field("memory", &CacheStore::memory, Size(0, bounds::max_body_bytes), "Bytes.")
        .field("entries", &CacheStore::entries, Integer<std::uint32_t>(0, bounds::max_count), "Answers.");
}

yaml::Object<Fallback> fallback_table() {
    return Object<Fallback>("fallback", "Who answers when the backend cannot.")
        .required("to", &Fallback::to, List(step(), bounds::fallbacks), "Backends and static answers, in their order.")
        .field("on", &Fallback::on, ConditionList(),
               "Which ends of a request, besides refusals of our own such as an open circuit.");
}

yaml::Object<Degrade> degrade_table() {
    return Object<Degrade>("degrade", "When routes that are not essential answer 503 at once.")
        .field("automatic", &Degrade::automatic, Boolean(),
               "While an essential backend is under stress; else by an operator's switch alone.")
        .field("hold", &Degrade::hold, Duration(0ms, bounds::max_timeout), "At least so long after the last stress.");
}

}  // namespace adit::config
