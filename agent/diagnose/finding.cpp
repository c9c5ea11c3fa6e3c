// Forms of findings; see finding.h.
#include "agent/diagnose/finding.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string_view>

#include "common/base/printable.h"

namespace adit::agent {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> kVerdicts{"ok", "warning", "failed", "skipped"};

std::string_view name(Verdict verdict) {
    return kVerdicts[static_cast<std::size_t>(verdict)];
}

std::string padded(std::string_view text, std::size_t width) {
    return std::string(text) + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

std::ptrdiff_t count(const Findings& findings, Verdict verdict) {
    return std::ranges::count(findings, verdict, &Finding::verdict);
}

}  // namespace

std::string as_text(const Finding& finding) {
    const std::string margin(9, ' ');
    std::string out = padded(name(finding.verdict), 9) + padded(finding.step, 9) +
                      (finding.about.empty() ? "" : printable(finding.about) + ": ") + printable(finding.seen) + "\n";
    if (!finding.expected.empty()) {
        out += margin + "expected " + printable(finding.expected) + "\n";
    }
    if (!finding.advice.empty()) {
        out += margin + "to do    " + printable(finding.advice) + "\n";
    }
    return out;
}

std::string as_json(const Findings& findings) {
    json::array steps;
    for (const Finding& finding : findings) {
        json::object step{{"step", finding.step},
                          {"about", finding.about},
                          {"verdict", name(finding.verdict)},
                          {"seen", finding.seen}};
        if (!finding.expected.empty()) {
            step["expected"] = finding.expected;
        }
        if (!finding.advice.empty()) {
            step["advice"] = finding.advice;
        }
        steps.push_back(std::move(step));
    }
    return json::serialize(json::object{{"ok", !any_failed(findings)}, {"steps", std::move(steps)}}) + "\n";
}

std::string summary(const Findings& findings) {
    const auto failed = count(findings, Verdict::failed);
    const auto warnings = count(findings, Verdict::warning);
    std::string out = failed == 0 ? "Nothing has failed" : std::to_string(failed) + " failed";
    if (warnings > 0) {
        out += ", " + std::to_string(warnings) + (warnings == 1 ? " warning" : " warnings");
    }
    return out + ".\n";
}

bool any_failed(const Findings& findings) {
    return count(findings, Verdict::failed) > 0;
}

void forgive_unreachable(std::vector<Findings>& walks) {
    const auto arrived = [](const Findings& walk) {
        return std::ranges::any_of(walk, [](const Finding& finding) {
            return finding.step == std::string_view("session") && finding.verdict == Verdict::ok;
        });
    };
    if (std::ranges::none_of(walks, arrived)) {
        return;
    }
    const auto forgive = [](Finding& finding) {
        const std::string_view step = finding.step;
        if (finding.verdict == Verdict::failed && (step == "tcp" || step == "dns" || step == "udp")) {
            finding.verdict = Verdict::warning;
            finding.advice += "; until then agents use the connector's other addresses or its other transport";
        }
    };
    for (Findings& walk : walks) {
        std::ranges::for_each(walk, forgive);
    }
}

}  // namespace adit::agent
