// Timeouts, retries, circuits and bulkheads that work against each other; see warnings.h.
#include <algorithm>

#include "common/base/time.h"
#include "connector/config/tries.h"
#include "connector/config/warnings.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

std::string in_words(std::string_view name, milliseconds time) {
    return std::string(name) + " (" + format_duration(time) + ")";
}

void warn_of_timeouts(const Part& part, const Composed& composed) {
    const auto& [t, said, retry] = composed;
    if (t.per_try > 0ms && said.connect && t.connect > t.per_try) {
        part.warn({"timeouts", "connect"}, in_words("connect", t.connect) + " is longer than " +
                                               in_words("per_try", t.per_try) +
                                               ": a connection that is slow to stand uses up the whole try");
    }
    if (said.per_try && t.per_try > t.connect + t.first_byte) {
        part.warn({"timeouts", "per_try"}, in_words("per_try", t.per_try) +
                                               " never counts: " + in_words("connect", t.connect) + " and " +
                                               in_words("first_byte", t.first_byte) + " end a try before");
    }
    if (t.tls > t.connect) {
        part.warn({"timeouts", "tls"},
                  in_words("tls", t.tls) + " never counts: it is part of " + in_words("connect", t.connect));
    }
    const auto beyond_total = [&](const char* key, const std::optional<milliseconds>& written, milliseconds value) {
        if (t.total > 0ms && written && value > t.total) {
            part.warn({"timeouts", key},
                      in_words(key, value) + " never counts: " + in_words("total", t.total) + " is over before");
        }
    };
    beyond_total("connect", said.connect, t.connect);
    beyond_total("first_byte", said.first_byte, t.first_byte);
    beyond_total("idle", said.idle, t.idle);
    beyond_total("per_try", said.per_try, t.per_try);
}

void warn_of_hedge(const Part& part, const Hedge& hedge, const Composed& composed) {
    if (composed.retry->attempts < 2) {
        part.warn({"retry", "hedge"}, "hedge never comes: it is a second try, and attempts allows one");
    }
    const milliseconds longest = longest_try(composed.timeouts, composed.retry);
    if (hedge.after >= longest) {
        part.warn({"retry", "hedge", "after"},
                  in_words("after", hedge.after) + " never comes: a try ends after " + format_duration(longest));
    }
}

void warn_of_conditions(const Part& part, const Retry& retry) {
    const auto pointless = [](int status) {
        return status >= 400 && status < 500 && status != 408 && status != 421 && status != 425 && status != 429;
    };
    for (const auto& [first, last] : retry.on.statuses) {
        for (int status = first; status <= last; ++status) {
            if (pointless(status)) {
                part.warn({"retry", "on"}, "status " + std::to_string(status) +
                                               " says that the request is wrong: sent again it gets the same answer");
                return;
            }
        }
    }
    if (part.has("retry", "header") && !retry.on.retriable_header) {
        part.warn({"retry", "header"}, "header never counts: 'on' does not have retriable-header");
    }
}

void warn_of_retry(const Part& part, const Retry& retry, const Composed& composed) {
    const Timeouts& t = composed.timeouts;
    const milliseconds all = t.per_try * retry.attempts + longest_backoff(retry);
    if (retry.attempts > 1 && t.per_try > 0ms && t.total > 0ms && all > t.total) {
        const bool by_attempts = part.has("retry", "attempts");
        part.warn({by_attempts ? "retry" : "timeouts", by_attempts ? "attempts" : "per_try"},
                  std::to_string(retry.attempts) + " tries of " + format_duration(t.per_try) +
                      ", with their back-off, can take " + format_duration(all) + ": longer than " +
                      in_words("total", t.total) + ", which cuts the last ones off");
    }
    if (retry.attempts < 2 && (part.has("retry", "on") || part.has("retry", "backoff"))) {
        part.warn({"retry", "attempts"}, "nothing is tried again: attempts counts the first try, too");
    }
    if (retry.attempts > 1 && retry.budget.percent == 0 && retry.budget.floor == 0) {
        part.warn({"retry", "budget"}, "nothing is tried again: a budget of 0 percent and floor 0 allows no retry");
    }
    if (retry.attempts > 1 && retry.budget.percent > 50) {
        part.warn({"retry", "budget", "percent"},
                  "a budget of " + std::to_string(retry.budget.percent) +
                      " percent is next to none: a backend that fails gets that much more to do");
    }
    if (retry.backoff > retry.backoff_most) {
        part.warn({"retry", "backoff"}, in_words("backoff", retry.backoff) + " is longer than " +
                                            in_words("backoff_most", retry.backoff_most) + ", which counts");
    }
    if (t.total > 0ms && retry.retry_after_most > t.total && part.has("retry", "retry_after_most")) {
        part.warn({"retry", "retry_after_most"}, in_words("retry_after_most", retry.retry_after_most) +
                                                     " never counts: " + in_words("total", t.total) +
                                                     " is over before");
    }
    warn_of_conditions(part, retry);
    if (retry.hedge) {
        warn_of_hedge(part, *retry.hedge, composed);
    }
}

bool is_empty(const Conditions& on) {
    return on == Conditions{.said = on.said};
}

void warn_of_window(const Part& part, const Circuit& circuit, const Composed& composed) {
    if (circuit.window_calls > 0) {
        const std::string calls = "the window of " + std::to_string(circuit.window_calls) + " calls";
        if (circuit.minimum > circuit.window_calls && part.has("circuit", "minimum")) {
            part.warn({"circuit", "minimum"},
                      calls + " never has the minimum of " + std::to_string(circuit.minimum) + ": its own size counts");
        }
        if (circuit.failures > circuit.window_calls) {
            part.warn({"circuit", "failures"},
                      "never reached: " + calls + " never has " + std::to_string(circuit.failures) + " failures");
        }
        return;
    }
    const milliseconds longest = longest_try(composed.timeouts, composed.retry);
    const TimeoutSettings& said = composed.said;
    const bool chosen = part.has("circuit", "window") || said.first_byte || said.per_try || said.total;
    if (chosen && circuit.window < longest) {
        part.warn({"circuit", "window"}, in_words("window", circuit.window) + " is shorter than a try may take (" +
                                             format_duration(longest) +
                                             "): calls that time out have nothing to be counted with");
    }
}

}  // namespace

void warn_of_tries(const Part& part, const Composed& composed) {
    if (part.has("timeouts")) {
        warn_of_timeouts(part, composed);
    }
    if (composed.retry && (part.has("retry") || part.has("timeouts"))) {
        warn_of_retry(part, *composed.retry, composed);
    }
}

void warn_of_circuit(const Part& part, const Circuit& circuit, const Composed& composed, bool shared) {
    if (circuit.consecutive == 0 && circuit.failures == 0 && circuit.failure_rate == 0 && circuit.slow_rate == 0) {
        part.warn({"circuit"}, "this circuit never opens: consecutive, failures, failure_rate and slow_rate are 0");
    } else if (is_empty(circuit.on) && circuit.slow_rate == 0) {
        part.warn({"circuit", "on"}, "this circuit never opens: nothing counts as a failure");
    }
    warn_of_window(part, circuit, composed);
    const milliseconds longest = longest_try(composed.timeouts, composed.retry);
    if (circuit.slow_rate > 0 && circuit.slow >= longest) {
        part.warn({"circuit", "slow"}, "no call is ever " + in_words("slow", circuit.slow) + ": a try ends after " +
                                           format_duration(longest));
    }
    if (circuit.slow_rate == 0 && part.has("circuit", "slow")) {
        part.warn({"circuit", "slow"}, "slow never counts: slow_rate is 0");
    }
    if (circuit.cooldown > circuit.cooldown_most) {
        part.warn({"circuit", "cooldown"}, in_words("cooldown", circuit.cooldown) + " is longer than " +
                                               in_words("cooldown_most", circuit.cooldown_most) + ": it never grows");
    }
    for (const char* key : {"sharing", "fail"}) {
        if (!shared && part.has("circuit", key)) {
            part.warn({"circuit", key}, std::string(key) + " never counts: there is no 'state' to share circuits by");
        }
    }
}

void warn_of_bulkhead(const Part& part, const Bulkhead& bulkhead, const Composed& composed) {
    const milliseconds total = composed.timeouts.total;
    if (total > 0ms && bulkhead.queue > 0 && bulkhead.queue_timeout >= total) {
        part.warn({"bulkhead", "queue_timeout"}, in_words("queue_timeout", bulkhead.queue_timeout) +
                                                     " leaves no time for an answer: " + in_words("total", total) +
                                                     " counts from the request's beginning");
    }
    if (bulkhead.queue == 0 && part.has("bulkhead", "queue_timeout")) {
        part.warn({"bulkhead", "queue_timeout"}, "queue_timeout never counts: queue is 0");
    }
    if (bulkhead.adaptive && bulkhead.adaptive->minimum >= bulkhead.concurrent) {
        part.warn({"bulkhead", "adaptive", "minimum"},
                  "nothing adapts: the minimum (" + std::to_string(bulkhead.adaptive->minimum) +
                      ") is no less than concurrent (" + std::to_string(bulkhead.concurrent) + ")");
    }
}

}  // namespace adit::config
