// What a step of a diagnosis found, as data, as lines for people and as JSON.
#pragma once

#include <string>
#include <vector>

namespace adit::agent {

enum class Verdict { ok, warning, failed, skipped };

/// One step. All texts may be shown to anybody: there are no secrets in them.
struct Finding {
    /// A literal: "token", "transport", "dns", "proxy", "tcp", "tls", "device", "udp", "handshake", "session", "mtu",
    /// "clock", "target".
    const char* step;
    std::string about;  ///< which name, address or target; may be empty
    Verdict verdict = Verdict::ok;
    std::string seen;
    std::string expected{};  ///< with a warning or a failure
    std::string advice{};    ///< likewise: what to do, in words
};

using Findings = std::vector<Finding>;

/// A line, and two more when there is something to mend.
std::string as_text(const Finding& finding);
/// {"ok", "steps": [{"step", "about", "verdict", "seen", "expected", "advice"}]}
std::string as_json(const Findings& findings);
/// "All is well." or how many steps failed.
std::string summary(const Findings& findings);

bool any_failed(const Findings& findings);

/// An agent uses whichever address of its connector answers. Once one does, an address that cannot be reached is a
/// warning only. `walks` are the findings by address.
void forgive_unreachable(std::vector<Findings>& walks);

}  // namespace adit::agent
