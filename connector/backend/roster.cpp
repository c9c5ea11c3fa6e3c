// Telling vitals, and reading them; see roster.h.
#include "connector/backend/roster.h"

#include <algorithm>

namespace adit::backend {
namespace {

using namespace std::chrono_literals;

constexpr double kSlowStartLeast = 0.1;  ///< of its weight: some requests have to warm it up
constexpr int kSlowStartSteps = 20;      ///< in which an endpoint comes to its full weight
constexpr std::chrono::milliseconds kStepLeast = 10ms;

std::string words_of(const resilience::Ejection& ejection) {
    const std::string measured = std::to_string(ejection.measured);
    switch (ejection.ground) {
        case resilience::Ejection::Ground::consecutive:
            return measured + " failures in a row";
        case resilience::Ejection::Ground::success_rate:
            return measured + " % of its calls succeeded";
        case resilience::Ejection::Ground::latency:
            break;
    }
    return "latency is " + measured + " % of the others' median";
}

std::vector<std::shared_ptr<resilience::OutlierRecord>> records_of(const std::vector<Roster::Member>& members) {
    std::vector<std::shared_ptr<resilience::OutlierRecord>> records;
    records.reserve(members.size());
    for (const Roster::Member& member : members) {
        records.push_back(member.vitals->ejections);
    }
    return records;
}

}  // namespace

Roster::Roster(Terms terms, std::vector<Member> members)
    : terms_(std::move(terms)), members_(std::move(members)), away_(members_.size(), false) {
    if (terms_.outlier) {
        outliers_.emplace(*terms_.outlier, records_of(members_),
                          std::shared_ptr<std::mutex>(terms_.changes, &terms_.changes->guard));
    }
    if (terms_.balance.by == config::Balance::By::hash && members_.size() > 1) {
        std::vector<resilience::Ring::Place> places;
        places.reserve(members_.size());
        for (const Member& member : members_) {
            places.push_back({member.url, member.weight});
        }
        ring_.emplace(places);
    }
}

std::shared_ptr<Roster> Roster::plain(const std::vector<std::string>& urls) {
    std::vector<Member> members;
    members.reserve(urls.size());
    for (const std::string& url : urls) {
        members.push_back({.url = url, .vitals = std::make_shared<Vitals>(Time())});
    }
    return std::make_shared<Roster>(Terms{}, std::move(members));
}

void Roster::report(std::size_t member, const resilience::Outcome& outcome, Time now, double uniform) {
    const Member& about = members_[member];
    if (outcome.end == resilience::Outcome::End::answered) {
        about.vitals->took(outcome.took);
    }
    if (!outliers_) {
        return;
    }
    const auto gone = outliers_->record(member, outcome, now, uniform);
    for (const resilience::Ejection& ejection : gone) {
        const Member& one = members_[ejection.endpoint];
        if (one.metrics) {
            one.metrics->ejected(resilience::name(ejection.ground));
        }
        tell(EndpointEvent::Kind::ejected, one, words_of(ejection), ejection.lasts);
    }
    if (!gone.empty()) {
        changed();
    }
}

void Roster::checked(std::size_t member, bool good, Health verdict, const std::string& words, Time now) {
    const Member& about = members_[member];
    const Health before = about.vitals->health();
    if (about.metrics) {
        about.metrics->checked(good);
    }
    if (!about.vitals->set_health(verdict, now)) {
        return;
    }
    if (verdict == Health::unhealthy) {
        tell(EndpointEvent::Kind::unhealthy, about, words);
        changed();
    } else if (before == Health::unhealthy) {
        tell(EndpointEvent::Kind::healthy, about, {});
        changed();
    }
}

void Roster::forget_checks(Time now) {
    for (const Member& member : members_) {
        const bool was_ill = member.vitals->health() == Health::unhealthy;
        if (!member.vitals->set_health(Health::unknown, now)) {
            continue;
        }
        if (was_ill) {
            tell(EndpointEvent::Kind::healthy, member, "it is not checked any more");
        }
        changed();
    }
}

void Roster::sweep(Time now) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const Member& member = members_[i];
        const bool away = outliers_ && member.vitals->ejections->ejected(now);
        if (away_[i] && !away) {
            tell(EndpointEvent::Kind::returned, member, {});
        }
        away_[i] = away;
        if (member.metrics) {
            member.metrics->show({.healthy = fitness(i, now) != resilience::Fitness::unhealthy,
                                  .ejected = away,
                                  .in_flight = member.vitals->in_flight()});
        }
    }
    if (terms_.metrics) {
        std::vector<resilience::Entrant> entrants;
        enter(entrants, now);
        resilience::Ranking ranking;
        ranking.make(entrants, terms_.balance.panic);
        terms_.metrics->panics(ranking.panicking);
    }
}

resilience::Fitness Roster::fitness(std::size_t member, Time now) const {
    const Vitals& vitals = *members_[member].vitals;
    if (terms_.health && vitals.health() == Health::unhealthy) {
        return resilience::Fitness::unhealthy;
    }
    return outliers_ && vitals.ejections->ejected(now) ? resilience::Fitness::ejected : resilience::Fitness::well;
}

double Roster::weight_now(const Member& member, Time now) const {
    const auto over = terms_.balance.slow_start;
    const auto since = now - member.vitals->well_since();
    if (over.count() == 0 || since >= over || terms_.balance.by == config::Balance::By::hash) {
        return member.weight;
    }
    return member.weight * std::max(kSlowStartLeast, std::chrono::duration<double>(since) / over);
}

Roster::Time Roster::enter(std::vector<resilience::Entrant>& entrants, Time now) const {
    entrants.clear();
    Time until = Time::max();
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const Member& member = members_[i];
        const std::string& own = terms_.balance.zone;
        entrants.push_back({.priority = member.priority,
                            .near = own.empty() || member.zone == own,
                            .weight = weight_now(member, now),
                            .fitness = fitness(i, now)});
        const Time back = member.vitals->ejections->back();
        if (outliers_ && back > now) {
            until = std::min(until, back);
        }
        if (entrants.back().weight != member.weight) {
            until = std::min<Time>(until, now + std::max(terms_.balance.slow_start / kSlowStartSteps, kStepLeast));
        }
    }
    return until;
}

int Roster::retry_after(Time now) const {
    Time soonest = terms_.health ? now + terms_.health->interval : now + 1s;
    for (const Member& member : members_) {
        const Time back = member.vitals->ejections->back();
        if (outliers_ && back > now) {
            soonest = std::min(soonest, back);
        }
    }
    return std::max(1, static_cast<int>(std::chrono::ceil<std::chrono::seconds>(soonest - now).count()));
}

void Roster::panicked() const {
    if (terms_.metrics) {
        terms_.metrics->panicked();
    }
}

void Roster::tell(EndpointEvent::Kind kind, const Member& member, std::string reason,
                  std::chrono::milliseconds lasts) const {
    if (terms_.tell) {
        terms_.tell({kind, terms_.backend, member.url, std::move(reason), lasts});
    }
}

}  // namespace adit::backend
