// Rosters that go on, and new ones with vitals that go on; see generation_endpoints.h.
#include "connector/generation_endpoints.h"

#include <algorithm>

#include "connector/event/hub.h"

namespace adit {
namespace {

event::Kind kind_of(backend::EndpointEvent::Kind kind) {
    using Kind = backend::EndpointEvent::Kind;
    switch (kind) {
        case Kind::unhealthy:
            return event::Kind::endpoint_unhealthy;
        case Kind::healthy:
            return event::Kind::endpoint_healthy;
        case Kind::ejected:
            return event::Kind::endpoint_ejected;
        case Kind::returned:
            break;
    }
    return event::Kind::endpoint_returned;
}

/// The hub outlives all rosters.
auto teller(event::Hub& events) {
    return [&events](const backend::EndpointEvent& told) {
        event::Event event{.kind = kind_of(told.kind),
                           .subject = "endpoint:" + told.backend + ":" + told.endpoint,
                           .reason = told.reason,
                           .details = {{"backend", told.backend}, {"endpoint", told.endpoint}}};
        if (told.lasts.count() > 0) {
            event.details.emplace_back("for_ms", std::int64_t{told.lasts.count()});
        }
        events.tell(event);
    };
}

/// Who has that URL in a backend; null: nobody.
const backend::Roster::Member* member_at(const std::vector<backend::Roster::Member>& members, const std::string& url) {
    const auto found = std::ranges::find(members, url, &backend::Roster::Member::url);
    return found == members.end() ? nullptr : &*found;
}

}  // namespace

std::shared_ptr<backend::Roster> make_roster(const config::Backend& from, const Generation::Means& means,
                                             const backend::Guards* before, const config::Backend* from_before) {
    const backend::Roster* known = before == nullptr ? nullptr : before->roster.get();
    if (known != nullptr && *from_before == from) {
        return before->roster;
    }
    const auto now = resilience::Clock::now();
    std::vector<backend::Roster::Member> members;
    for (const config::Endpoint& endpoint : from.endpoints) {
        backend::Roster::Member member{
            .url = endpoint.text(), .weight = endpoint.weight, .priority = endpoint.priority, .zone = endpoint.zone};
        const auto* same = member_at(members, member.url);  // the same endpoint, written twice
        if (same == nullptr && known != nullptr) {
            same = member_at(known->members(), member.url);
        }
        member.vitals = same != nullptr ? same->vitals : std::make_shared<backend::Vitals>(now);
        member.metrics = same != nullptr ? same->metrics : means.metrics.endpoint(from.name, member.url);
        members.push_back(std::move(member));
    }
    return std::make_shared<backend::Roster>(
        backend::Roster::Terms{
            .backend = from.name,
            .balance = from.balance,
            .health = from.health,
            .outlier = from.outlier,
            .changes = known != nullptr ? known->changes() : std::make_shared<backend::Roster::Changes>(),
            .metrics = means.metrics.spread(from.name),
            .tell = teller(means.fabric.events)},
        std::move(members));
}

}  // namespace adit
