// Comparing a configuration with the one of the start; see fixed_settings.h.
#include "connector/fixed_settings.h"

namespace adit {

FixedSettings::FixedSettings(const config::Configuration& started_with)
    : workers_(started_with.workers),
      door_(door_of(started_with)),
      tunnels_(started_with.tunnels),
      sandbox_(started_with.sandbox) {}

std::optional<FixedSettings::Door> FixedSettings::door_of(const config::Configuration& configuration) {
    return configuration.admin ? std::optional<Door>(*configuration.admin) : std::nullopt;
}

std::vector<std::string> FixedSettings::changed_in(const config::Configuration& now) const {
    std::vector<std::string> keys;
    const auto note = [&keys](bool differs, const char* key) {
        if (differs) {
            keys.emplace_back(key);
        }
    };
    note(workers_ != now.workers, "workers");
    note(door_ != door_of(now), "admin");
    note(tunnels_ != now.tunnels, "tunnels");
    note(sandbox_ != now.sandbox, "sandbox");
    return keys;
}

bool FixedSettings::guards_our_door(const config::Configuration& now) const {
    return door_ && now.admin && door_->address == now.admin->address;
}

}  // namespace adit
