// The order of the walls, and what is told of them; see sandbox.h.
#include "common/sandbox/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/locked_memory.h"
#include "common/log/log.h"
#include "common/sandbox/capabilities.h"
#include "common/sandbox/files.h"
#include "common/sandbox/system_calls.h"
#include "common/sandbox/traced.h"

namespace adit::sandbox {
namespace {

Measure no_new_privileges() {
    const bool done = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return {std::string(kPrivileges), done,
            done ? "programs that are started gain nothing by set-user-ID or file capabilities" : std::strerror(errno)};
}

/// A limit of 0 keeps files away, but not handlers that core(5) pipes to: those respect that we are not dumpable, which
/// also keeps other processes of the same user from tracing this one and from reading its memory.
Measure core_dumps_off() {
    const rlimit none{0, 0};
    rlimit now{};
    const bool limited =
        (::getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_max == 0) || ::setrlimit(RLIMIT_CORE, &none) == 0;
    if (kTraced) {
        return {std::string(kCoreDumps), limited, "by limit alone: a build with sanitizers is traced by itself"};
    }
    const bool hidden = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    return {std::string(kCoreDumps), limited && hidden,
            limited && hidden ? "and memory is not to be read by other processes of this user" : std::strerror(errno)};
}

/// Nothing that is given up, but a wall as well: what swap and core dumps do not get. See common/base/locked_memory.h.
Measure locked_secrets() {
    const LockedMemory memory = locked_memory();
    if (memory.unlocked > 0) {
        return {std::string(kSecrets), false, memory.reason};
    }
    return {std::string(kSecrets), true,
            "keys and secrets of the configuration reach neither swap nor a dump, and are wiped"};
}

void show(const Measure& measure, metrics::Registry& registry) {
    registry
        .gauge("adit_sandbox_active", "Whether this part of the sandbox stands: what the process cannot do any more.",
               {{"measure", measure.name}})
        .Set(measure.active ? 1 : 0);
}

}  // namespace

bool Standing::whole() const {
    return std::ranges::all_of(measures, &Measure::active);
}

std::string Standing::missing() const {
    std::string text;
    for (const Measure& measure : measures) {
        if (!measure.active) {
            text += (text.empty() ? "" : "; ") + measure.name + ": " + measure.detail;
        }
    }
    return text;
}

bool Standing::active(std::string_view measure) const {
    return std::ranges::any_of(measures, [&](const Measure& one) { return one.active && one.name == measure; });
}

Result<Standing> enter(const Wishes& wishes) {
    Standing standing{.measures = {}, .mode = wishes.mode};
    if (wishes.mode == Mode::off) {
        for (const std::string_view name : {kPrivileges, kCapabilities, kFiles, kSystemCalls, kCoreDumps}) {
            standing.measures.push_back({std::string(name), false, "switched off"});
        }
        standing.measures.push_back(locked_secrets());  // needs no permission and cannot be in anybody's way
        return standing;
    }
    // Landlock and an unprivileged filter ask for no_new_privs; the filter comes last, it does not let the others work.
    standing.measures.push_back(no_new_privileges());
    standing.measures.push_back(drop_capabilities(wishes));
    standing.root_by_modes = ::geteuid() == 0 && !overrides_modes();
    standing.measures.push_back(restrict_files(wishes));
    standing.measures.push_back(core_dumps_off());
    standing.measures.push_back(locked_secrets());
    standing.measures.push_back(filter_system_calls(wishes));
    if (auto checked = check_required(standing); !checked) {
        return std::unexpected(std::move(checked.error()));
    }
    return standing;
}

Result<> check_required(const Standing& standing) {
    return standing.mode == Mode::required && !standing.whole()
               ? failure("the sandbox is required, and part of it cannot be had: " + standing.missing())
               : Result<>();
}

std::string advice(const Standing& standing, std::string_view error) {
    if (error.find(std::strerror(EACCES)) == std::string_view::npos) {
        return {};
    }
    if (error.contains("cannot listen on ") && !error.contains("cannot listen on unix:")) {
        return standing.active(kCapabilities)
                   ? "the sandbox lets this process bind a port below 1024 only where its configuration had one when "
                     "it started; the first one needs a restart"
                   : "";
    }
    std::string text = standing.active(kFiles)
                           ? "the sandbox lets this process use only the folders that its configuration named when it "
                             "started; a new one, or one that was made anew, needs a restart"
                           : "";
    if (standing.root_by_modes) {
        text += text.empty() ? "" : "; or ";
        text += "the mode of a file of somebody else keeps root off, too: the right to pass over that was given up";
    }
    return text;
}

std::string hint(const Standing& standing, std::string_view error) {
    const std::string text = advice(standing, error);
    return text.empty() || error.contains(text) ? "" : "\n" + text;
}

Result<Standing> enter(const Wishes& wishes, metrics::Registry& registry) {
    auto standing = enter(wishes);
    if (!standing) {
        return standing;
    }
    for (const Measure& one : standing->measures) {
        show(one, registry);
    }
    if (const std::string missing = standing->missing(); !missing.empty()) {
        logging::warn("part of the sandbox is missing", {{"reason", missing}});
    }
    return standing;
}

void look_again(Standing& standing, metrics::Registry& registry) {
    Measure now = locked_secrets();
    const auto before = std::ranges::find(standing.measures, now.name, &Measure::name);
    if (before == standing.measures.end() || before->active == now.active) {
        return;
    }
    show(now, registry);
    if (now.active) {
        logging::info("all secrets are locked in memory again");
    } else {
        logging::warn("part of the sandbox is missing", {{"reason", now.name + ": " + now.detail}});
    }
    *before = std::move(now);
}

}  // namespace adit::sandbox
