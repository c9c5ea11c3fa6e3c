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

/// The first file of `wishes` that only root's capability opens.
std::optional<fs::path> needs_override(const Wishes& wishes) {
    const auto barred = [](const std::set<fs::path>& paths, int access) -> std::optional<fs::path> {
        const auto found =
            std::ranges::find_if(paths, [access](const fs::path& path) { return !reachable(path, access); });
        return found == paths.end() ? std::nullopt : std::optional(*found);
    };
    const auto unread = barred(wishes.read, R_OK);
    return unread ? unread : barred(wishes.write, R_OK | W_OK);
}

/// `capabilities` (of those that are held) and no others; the bounding set, too, where we may.
bool keep(const std::set<unsigned>& capabilities) {
    ::capng_clear(CAPNG_SELECT_CAPS);
    for (const unsigned capability : capabilities) {
        ::capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), capability);
    }
    return ::capng_apply(CAPNG_SELECT_CAPS) == 0;
}

void empty_bounding_set() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

}  // namespace

Measure drop_capabilities(const Wishes& wishes) {
    Measure measure{std::string(kCapabilities), false, {}};
    if (::capng_get_caps_process() != 0) {
        measure.detail = "the kernel does not tell which there are";
        return measure;
    }
    if (::capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE) {
        return {measure.name, true, "none"};  // and whoever started us may not let us ask for that again
    }
    std::set<unsigned> kept;
    std::string names;
    const auto wish = [&](bool wished, unsigned capability, const std::string& what) {
        if (wished && held(capability)) {
            kept.insert(capability);
            names += (names.empty() ? "kept: " : ", ") + what;
        }
    };
    wish(wishes.privileged_ports, CAP_NET_BIND_SERVICE, "cap_net_bind_service (ports below 1024)");
    wish(wishes.group_of_files, CAP_CHOWN, "cap_chown (a socket for a group)");
    wish(wishes.network_devices, CAP_NET_ADMIN, "cap_net_admin (a WireGuard device of the kernel)");
    // The override goes out of effect first, to see who would miss it; what is permitted can come back.
    const bool overrides = held(CAP_DAC_OVERRIDE);
    for (const unsigned capability : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
        ::capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, capability);
    }
    const bool setting_bounds = held(CAP_SETPCAP);
    if (overrides && ::capng_apply(CAPNG_SELECT_CAPS) == 0) {
        if (const auto file = needs_override(wishes)) {
            wish(true, CAP_DAC_OVERRIDE, "cap_dac_override (" + file->string() + " is not for this user)");
        }
    }
    if (setting_bounds) {
        empty_bounding_set();
    }
    measure.active = keep(kept);
    measure.detail = !measure.active ? "the kernel refuses to give them up" : names.empty() ? "none" : names;
    return measure;
}

}  // namespace adit::sandbox
