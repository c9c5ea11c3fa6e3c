// Circuits: when calls are not made any more for a while.
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

}  // namespace

yaml::Object<Circuit> circuit_table() {
    const auto count = [] { return Integer<std::uint32_t>(0, bounds::max_count); };
    const auto percent = [] { return Integer<std::uint32_t>(0, 100); };
    return Object<Circuit>("circuit", "When calls are not made any more for a while.")
        .field("per", &Circuit::per,
               Choice<Circuit::Per>({{"backend", Circuit::Per::backend}, {"endpoint", Circuit::Per::endpoint}}),
               "Whether all endpoints have one circuit, or each its own.")
        .field("id", &Circuit::id, Name(), "Circuits of one id are one, wherever they stand.")
        .field("window", &Circuit::window, Duration(bounds::min_window, bounds::max_timeout),
               "The calls that count are not older than this.")
        .field("window_calls", &Circuit::window_calls, count(),
               "The last so many calls count instead; 0: those of the window.")
        .field("consecutive", &Circuit::consecutive, count(), "Failures in a row that open it; 0: off.")
        .field("failures", &Circuit::failures, count(), "Failures in the window that open it; 0: off.")
        .field("failure_rate", &Circuit::failure_rate, percent(), "Percent of the calls; 0: off.")
        .field("slow_rate", &Circuit::slow_rate, percent(), "Percent of the calls that were slow; 0: off.")
        .field("slow", &Circuit::slow, Duration(bounds::min_timeout, bounds::max_timeout),
               "A call that takes longer is slow.")
        .field("minimum", &Circuit::minimum, count(), "So many calls in the window before rates count.")
        .field("on", &Circuit::on, ConditionList(), "Which ends of a call are failures.")
        .field("cooldown", &Circuit::cooldown, Duration(bounds::min_timeout, bounds::max_timeout),
               "How long it stays open, the first time.")
        .field("cooldown_most", &Circuit::cooldown_most, Duration(bounds::min_timeout, bounds::max_timeout),
               "It doubles each time that the probes fail, up to this.")
        .field("probes", &Circuit::probes, Integer<std::uint32_t>(1, bounds::max_count),
               "Calls that are let through at once to see how it is, and must all succeed.")
        .field("recovery", &Circuit::recovery, Duration(0ms, bounds::max_timeout),
               "Over which the share of calls that go through grows from a tenth to all.")
        .field("sharing", &Circuit::sharing,
               Choice<Circuit::Sharing>({{"exact", Circuit::Sharing::exact},
                                         {"advice", Circuit::Sharing::advice},
                                         {"off", Circuit::Sharing::off}}),
               "Among connectors with a common state: one circuit; or others' open ones make this one open sooner; or "
               "nothing.")
        .field("fail", &Circuit::fail,
               Choice<Circuit::Fail>({{"closed", Circuit::Fail::closed}, {"open", Circuit::Fail::open}}),
               "What it is while that state is out of reach: closed counts here alone, open lets nothing through.");
}

}  // namespace adit::config
