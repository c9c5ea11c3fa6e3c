// Asking the policies of a chain in their order; see authentication.h.
#include "connector/policy/authentication.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/fields.h"

namespace adit::policy {
namespace {

/// Tokens and certificates name their bearers themselves. Their names stand in fields and in rules, so they may neither
/// end a line nor be one of the names that mean somebody else.
bool good_name(const access::Caller& caller) {
    const auto plain = [](std::string_view text) { return http::is_field_value(text) && trim(text) == text; };
    return !caller.consumer.empty() && caller.consumer != access::kAnonymous && caller.consumer != "*" &&
           plain(caller.consumer) && plain(caller.environment) && caller.environment != "*";
}

}  // namespace

bool Authentication::proceed(const Visit& visit, Inquiry& inquiry) const {
    while (!inquiry.caller && inquiry.next < ways_.size()) {
        const Authenticator& by = *ways_[inquiry.next].by;
        if (by.anonymous()) {
            ++inquiry.next;  // its turn is after all others
            continue;
        }
        std::optional<Finding> finding = by.look(visit);
        if (!finding) {
            return false;
        }
        take(std::move(*finding), inquiry);
    }
    if (!inquiry.caller && inquiry.refused.empty()) {
        const auto open = std::ranges::find_if(ways_, [](const Way& way) { return way.by->anonymous(); });
        if (open != ways_.end()) {
            inquiry.caller = open->by->look(visit)->caller;
            open->metrics->good.Increment();
        }
    }
    return true;
}

net::Task<> Authentication::wait(const Visit& visit, Inquiry& inquiry) const {
    take(co_await ways_[inquiry.next].by->wait(visit), inquiry);
}

void Authentication::take(Finding finding, Inquiry& inquiry) const {
    const Way& way = ways_[inquiry.next];
    if (finding.caller && !good_name(*finding.caller)) {
        finding = Finding::refused("the name that it gives the caller cannot be used");
    }
    if (finding.caller) {
        inquiry.caller = std::move(finding.caller);
        inquiry.by = inquiry.next;
        way.metrics->good.Increment();
    } else if (!finding.flaw.empty()) {
        inquiry.refused.push_back(inquiry.next);
        inquiry.flaws.append(inquiry.flaws.empty() ? "" : "; ")
            .append(way.by->name())
            .append(": ")
            .append(finding.flaw);
        inquiry.retry_after = std::max(inquiry.retry_after, finding.retry_after);
        (finding.retry_after.count() > 0 ? way.metrics->unavailable : way.metrics->refused).Increment();
    }
    ++inquiry.next;
}

problem::Failure Authentication::failure(const Inquiry& inquiry) const {
    if (inquiry.retry_after.count() > 0) {
        return problem::authentication_unavailable(inquiry.flaws, static_cast<int>(inquiry.retry_after.count()));
    }
    if (!inquiry.refused.empty()) {
        return problem::unauthenticated(inquiry.flaws);
    }
    std::string names;
    for (const Way& way : ways_) {
        names.append(names.empty() ? "" : ", ").append(way.by->name());
    }
    return problem::unauthenticated(names.empty() ? "nobody may call here: the route has no policies"
                                                  : "no credential was shown; this route takes " + names);
}

std::vector<std::string> Authentication::challenges(const Inquiry& inquiry) const {
    std::vector<std::string> all;
    if (inquiry.retry_after.count() > 0) {
        return all;
    }
    for (std::size_t i = 0; i < ways_.size(); ++i) {
        const bool refused = std::ranges::find(inquiry.refused, i) != inquiry.refused.end();
        std::string challenge = ways_[i].by->challenge(refused);
        if (!challenge.empty() && std::ranges::find(all, challenge) == all.end()) {
            all.push_back(std::move(challenge));
        }
    }
    return all;
}

Shown Authentication::shown(const Visit& visit, const Inquiry& inquiry, Of whose) const {
    Shown shown;
    for (std::size_t i = 0; i < ways_.size(); ++i) {
        if ((inquiry.by == i) == (whose == Of::caller)) {
            ways_[i].by->shown(visit, shown);
        }
    }
    return shown;
}

bool Authentication::anonymous() const {
    return std::ranges::any_of(ways_, [](const Way& way) { return way.by->anonymous(); });
}

}  // namespace adit::policy
