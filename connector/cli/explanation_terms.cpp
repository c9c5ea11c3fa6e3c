// Composing what route, backend and file say; see explanation_terms.h.
#include "connector/cli/explanation_terms.h"

#include <boost/json.hpp>

#include "common/base/time.h"
#include "connector/config/tries.h"

namespace adit::cli {
namespace {

namespace json = boost::json;
using config::Backend;
using config::Configuration;
using config::RouteRule;
using std::chrono::milliseconds;

json::object time_of(milliseconds time) {
    return {{"ms", time.count()}, {"text", time.count() == 0 ? "none" : format_duration(time)}};
}

json::object timeouts_of(const Configuration& configuration, const RouteRule& rule, const Backend& backend) {
    const config::Timeouts composed = rule.timeouts.over(backend.timeouts);
    json::object told;
    const auto add = [&](const char* name, auto setting, auto value) {
        json::object one = time_of(composed.*value);
        one["from"] = rule.timeouts.*setting              ? "route " + rule.name
                      : backend.timeout_settings.*setting ? "backend " + backend.name
                      : configuration.timeouts.*setting   ? std::string("file")
                                                          : std::string("default");
        if (std::string_view(name) == "tls" && (composed.*value).count() == 0) {
            one["text"] = "as connect";
        }
        told[name] = std::move(one);
    };
    using Said = config::TimeoutSettings;
    using Counts = config::Timeouts;
    add("connect", &Said::connect, &Counts::connect);
    add("tls", &Said::tls, &Counts::tls);
    add("first_byte", &Said::first_byte, &Counts::first_byte);
    add("idle", &Said::idle, &Counts::idle);
    add("per_try", &Said::per_try, &Counts::per_try);
    add("total", &Said::total, &Counts::total);
    return told;
}

/// Of safe retries, where none are configured, too: a try that reached nobody is made elsewhere.
json::object retry_of(const RouteRule& rule, const Backend& backend) {
    const config::Timeouts timeouts = rule.timeouts.over(backend.timeouts);
    const std::optional<config::Retry>& retry = rule.retry ? rule.retry : backend.retry;
    json::object told{{"from", rule.retry      ? "route " + rule.name
                               : backend.retry ? "backend " + backend.name
                                               : std::string("default")},
                      {"longest_try", time_of(config::longest_try(timeouts, retry))},
                      {"worst_case", time_of(config::worst_case(timeouts, retry))}};
    if (!retry) {
        told["attempts"] = nullptr;
        return told;
    }
    told["attempts"] = retry->attempts;
    told["backoff"] = time_of(config::longest_backoff(*retry));
    told["body_bytes"] = retry->body_bytes;
    told["budget"] = json::object{{"percent", retry->budget.percent}, {"floor", retry->budget.floor}};
    told["hedge"] = retry->hedge ? json::value(json::object{{"after", time_of(retry->hedge->after)},
                                                            {"quantile", retry->hedge->quantile},
                                                            {"percent", retry->hedge->percent}})
                                 : json::value(nullptr);
    return told;
}

json::object circuit_of(const config::Circuit& circuit, const std::string& from) {
    return {{"name", circuit.id.empty() ? from : "id " + circuit.id},
            {"from", from},
            {"per", circuit.per == config::Circuit::Per::endpoint ? "endpoint" : "backend"},
            {"window", circuit.window_calls > 0 ? std::to_string(circuit.window_calls) + " calls"
                                                : format_duration(circuit.window)},
            {"consecutive", circuit.consecutive},
            {"failures", circuit.failures},
            {"failure_rate", circuit.failure_rate},
            {"slow_rate", circuit.slow_rate},
            {"minimum", circuit.minimum},
            {"cooldown", time_of(circuit.cooldown)}};
}

json::object bulkhead_of(const config::Bulkhead& bulkhead, const std::string& from) {
    return {{"from", from},
            {"concurrent", bulkhead.concurrent},
            {"queue", bulkhead.queue},
            {"queue_timeout", time_of(bulkhead.queue_timeout)},
            {"adaptive", bulkhead.adaptive.has_value()}};
}

json::value cache_of(const RouteRule& rule, const Backend& backend) {
    const std::optional<config::Cache>& cache = rule.cache ? rule.cache : backend.cache;
    if (!cache) {
        return nullptr;
    }
    return json::object{{"from", rule.cache ? "route " + rule.name : "backend " + backend.name},
                        {"ttl", time_of(cache->ttl)},
                        {"stale_if_error", time_of(cache->stale_if_error)},
                        {"stale_while_revalidate", time_of(cache->stale_while_revalidate)},
                        {"per_consumer", cache->per_consumer}};
}

json::value fallback_of(const RouteRule& rule, const Backend& backend) {
    const std::optional<config::Fallback>& fallback = rule.fallback ? rule.fallback : backend.fallback;
    if (!fallback) {
        return nullptr;
    }
    json::array steps;
    for (const config::Fallback::Step& step : fallback->to) {
        steps.emplace_back(step.fixed ? "static " + std::to_string(step.fixed->status) : "backend " + step.backend);
    }
    return json::object{{"from", rule.fallback ? "route " + rule.name : "backend " + backend.name},
                        {"to", std::move(steps)}};
}

std::string text(const json::object& of, const char* name) {
    const json::value& value = of.at(name);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::string text_of_time(const json::object& of, const char* name) {
    return text(of.at(name).as_object(), "text");
}

std::string retry_line(const json::object& retry) {
    const std::string most = "; answered within " + text_of_time(retry, "worst_case") + " at the most";
    if (retry.at("attempts").is_null()) {
        return "only what has reached nobody is tried elsewhere; a try takes up to " +
               text_of_time(retry, "longest_try") + most;
    }
    std::string line = text(retry, "attempts") + " tries in all (" + text(retry, "from") + "), each up to " +
                       text_of_time(retry, "longest_try") + ", pauses up to " + text_of_time(retry, "backoff") + most;
    if (!retry.at("hedge").is_null()) {
        line += "; a second try beside a slow first one";
    }
    return line;
}

std::string circuit_line(const json::object& circuit) {
    std::string line = text(circuit, "name");
    const char* between = ": opens after ";
    const auto add = [&](const std::string& condition) { line += std::exchange(between, ", or ") + condition; };
    if (circuit.at("consecutive") != 0U) {
        add(text(circuit, "consecutive") + " failures in a row");
    }
    if (circuit.at("failures") != 0U) {
        add(text(circuit, "failures") + " failures in " + text(circuit, "window"));
    }
    for (const auto& [key, what] :
         {std::pair("failure_rate", " % failures"), std::pair("slow_rate", " % slow calls")}) {
        if (circuit.at(key) != 0U) {
            add(text(circuit, key) + what + " among at least " + text(circuit, "minimum") + " in " +
                text(circuit, "window"));
        }
    }
    return line + ", for " + text_of_time(circuit, "cooldown") +
           (circuit.at("per") == "endpoint" ? ", each endpoint by itself" : "");
}

std::string bulkhead_line(const json::object& bulkhead) {
    return text(bulkhead, "from") + ": " + text(bulkhead, "concurrent") + " at once" +
           (bulkhead.at("adaptive").as_bool() ? " at the most, adaptive" : "") + ", " + text(bulkhead, "queue") +
           " wait for up to " + text_of_time(bulkhead, "queue_timeout");
}

}  // namespace

json::object terms_of(const Configuration& configuration, const RouteRule& rule, const Backend& backend) {
    json::array circuits;
    json::array bulkheads;
    if (rule.circuit) {
        circuits.push_back(circuit_of(*rule.circuit, "route " + rule.name));
    }
    if (backend.circuit) {
        circuits.push_back(circuit_of(*backend.circuit, "backend " + backend.name));
    }
    if (rule.bulkhead) {
        bulkheads.push_back(bulkhead_of(*rule.bulkhead, "route " + rule.name));
    }
    if (backend.bulkhead) {
        bulkheads.push_back(bulkhead_of(*backend.bulkhead, "backend " + backend.name));
    }
    return {{"timeouts", timeouts_of(configuration, rule, backend)},
            {"retry", retry_of(rule, backend)},
            {"circuits", std::move(circuits)},
            {"bulkheads", std::move(bulkheads)},
            {"cache", cache_of(rule, backend)},
            {"fallback", fallback_of(rule, backend)}};
}

std::vector<std::pair<std::string, std::string>> lines_of_terms(const json::object& terms) {
    std::vector<std::pair<std::string, std::string>> lines;
    std::string timeouts;
    for (const auto& [name, value] : terms.at("timeouts").as_object()) {
        const json::object& one = value.as_object();
        timeouts.append(timeouts.empty() ? "" : ", ").append(name).append(" ").append(text(one, "text"));
        timeouts.append(" (").append(text(one, "from")).append(")");
    }
    lines.emplace_back("timeouts", timeouts);
    lines.emplace_back("retry", retry_line(terms.at("retry").as_object()));
    for (const json::value& one : terms.at("circuits").as_array()) {
        lines.emplace_back("circuit", circuit_line(one.as_object()));
    }
    for (const json::value& one : terms.at("bulkheads").as_array()) {
        lines.emplace_back("bulkhead", bulkhead_line(one.as_object()));
    }
    if (const json::value& cache = terms.at("cache"); !cache.is_null()) {
        const json::object& of = cache.as_object();
        lines.emplace_back("cache", text(of, "from") + ": ttl " + text_of_time(of, "ttl") + ", stale if error " +
                                        text_of_time(of, "stale_if_error") + ", stale while revalidating " +
                                        text_of_time(of, "stale_while_revalidate"));
    }
    if (const json::value& fallback = terms.at("fallback"); !fallback.is_null()) {
        std::string steps;
        for (const json::value& step : fallback.as_object().at("to").as_array()) {
            steps.append(steps.empty() ? "" : ", then ").append(step.as_string());
        }
        lines.emplace_back("fallback", steps + " (" + text(fallback.as_object(), "from") + ")");
    }
    return lines;
}

}  // namespace adit::cli
