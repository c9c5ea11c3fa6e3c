// By libcap-ng; see capabilities.h.
#include "common/sandbox/capabilities.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace adit::sandbox {
namespace {

namespace fs = std::filesystem;

bool held(unsigned capability) {
    return ::capng_have_capability(CAPNG_PERMITTED, capability) == 1;
}

/// Whether the file, or the folder in which it is to be made, could be used as the process now is.
bool reachable(const fs::path& path, int access) {
    if (::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0) {
        return true;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        return false;
    }
    const bool making = (access & W_OK) != 0 && path.has_relative_path();
    return !making || reachable(path.parent_path(), access);
}

/// The first of `paths` that could not be used as the process now is.
std::optional<fs::path> barred(const std::set<fs::path>& paths, int access) {
    const auto found = std::ranges::find_if(paths, [access](const fs::path& path) { return !reachable(path, access); });
    return found == paths.end() ? std::nullopt : std::optional(*found);
}

/// The first of the sockets whose folder could not be changed as the process now is: one that is there is exchanged.
std::optional<fs::path> barred_folder(const std::set<fs::path>& sockets) {
    const auto found =
        std::ranges::find_if(sockets, [](const fs::path& path) { return !reachable(path.parent_path(), W_OK | X_OK); });
    return found == sockets.end() ? std::nullopt : std::optional(*found);
}

/// A capability of those that pass over permissions, and the file that needs it.
struct Override {
    unsigned capability;
    const char* name;
    fs::path file;
};

/// The least that does, where permissions bar a file of `wishes`; nothing where that takes more than is held.
std::optional<Override> needed_override(const Wishes& wishes) {
    const bool any = held(CAP_DAC_OVERRIDE);
    const auto unwritten =
        any ? barred(wishes.write, R_OK | W_OK).or_else([&] { return barred(wishes.logs, W_OK); }).or_else([&] {
            return barred_folder(wishes.sockets);
        })
            : std::nullopt;
    if (unwritten) {
        return Override{CAP_DAC_OVERRIDE, "cap_dac_override", *unwritten};
    }
    const auto unread = barred(wishes.read, R_OK);
    const auto file = unread ? unread : barred(wishes.write, R_OK);
    if (file && held(CAP_DAC_READ_SEARCH)) {
        return Override{CAP_DAC_READ_SEARCH, "cap_dac_read_search", *file};
    }
    return file && any ? std::optional(Override{CAP_DAC_OVERRIDE, "cap_dac_override", *file}) : std::nullopt;
}

/// What stays.
struct Kept {
    std::set<unsigned> ours;
    std::set<unsigned> of_programs;  ///< also for those that are started: part of `ours`
};

/// The capabilities (of those that are held) and no others.
bool keep(const Kept& kept) {
    ::capng_clear(CAPNG_SELECT_CAPS);
    for (const unsigned capability : kept.ours) {
        const unsigned inherited = kept.of_programs.contains(capability) ? CAPNG_INHERITABLE : 0U;
        ::capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | inherited), capability);
    }
    // What is not inheritable is not ambient any more either.
    const bool applied = ::capng_apply(CAPNG_SELECT_CAPS) == 0;
    for (const unsigned capability : kept.of_programs) {
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);  // root's programs have it without
    }
    return applied;
}

/// Where we may: what not even root's programs get back.
void limit_bounding_set(const std::set<unsigned>& left) {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (!left.contains(static_cast<unsigned>(capability))) {
            ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
    }
}

/// What stays, said of a process that may not empty its bounding set (CAP_SETPCAP): that alone gives nothing.
std::string in_words(const std::string& names) {
    std::string text = names.empty() ? "none" : names;
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1 && !held(static_cast<unsigned>(capability))) {
            return text + "; the bounding set is not for this user to empty, and gives nothing by itself";
        }
    }
    return text;
}

}  // namespace

Measure drop_capabilities(const Wishes& wishes) {
    Measure measure{std::string(kCapabilities), false, {}};
    if (::capng_get_caps_process() != 0) {
        measure.detail = "the kernel does not tell which there are";
        return measure;
    }
    if (::capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE) {
        return {measure.name, true, in_words("")};  // and whoever started us may not let us ask for that again
    }
    Kept kept;
    std::string names;
    const auto wish = [&](bool wished, unsigned capability, const std::string& what) {
        if (wished && held(capability)) {
            kept.ours.insert(capability);
            names += (names.empty() ? "kept: " : ", ") + what;
        }
    };
    // A program gets nothing that is not in the bounding set.
    const bool passed_on = wishes.privileged_ports_of_programs && held(CAP_NET_BIND_SERVICE) &&
                           ::prctl(PR_CAPBSET_READ, CAP_NET_BIND_SERVICE, 0, 0, 0) == 1;
    if (passed_on) {
        kept.of_programs.insert(CAP_NET_BIND_SERVICE);
    }
    wish(wishes.privileged_ports || wishes.privileged_ports_of_programs, CAP_NET_BIND_SERVICE,
         std::string("cap_net_bind_service (ports below 1024") + (passed_on ? ", also of programs it starts)" : ")"));
    wish(wishes.group_of_files.has_value(), CAP_CHOWN, "cap_chown (a socket for a group)");
    wish(wishes.network_devices, CAP_NET_ADMIN, "cap_net_admin (a WireGuard device of the kernel)");
    // What passes over permissions goes out of effect first, to see who would miss it; what is permitted can come back.
    const bool overrides = held(CAP_DAC_OVERRIDE) || held(CAP_DAC_READ_SEARCH);
    for (const unsigned capability : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
        ::capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, capability);
    }
    const bool setting_bounds = held(CAP_SETPCAP);
    if (overrides && ::capng_apply(CAPNG_SELECT_CAPS) == 0) {
        if (const auto needed = needed_override(wishes)) {
            wish(true, needed->capability,
                 std::string(needed->name) + " (" + needed->file.string() + " is not for this user)");
        }
    }
    if (setting_bounds) {
        limit_bounding_set(kept.of_programs);
    }
    measure.active = keep(kept);
    measure.detail = measure.active ? in_words(names) : "the kernel refuses to give them up";
    return measure;
}

bool overrides_modes() {
    return held(CAP_DAC_OVERRIDE) || held(CAP_DAC_READ_SEARCH);
}

}  // namespace adit::sandbox
