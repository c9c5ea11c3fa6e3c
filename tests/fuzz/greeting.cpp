// What connector and agent say of themselves when a session begins: fields of the connector, an empty line, JSON of the
// agent.
#include "common/protocol/greeting.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

void introduce(std::string_view text) {
    const auto parsed = protocol::Introduction::from_json(text);
    if (!parsed) {
        fuzz::demand(!parsed.error().message.empty(), "a bad introduction is told why");
        return;
    }
    const auto again = protocol::Introduction::from_json(parsed->to_json());
    fuzz::demand(again.has_value(), "an introduction that we write can be read");
    fuzz::demand(again->agent == parsed->agent && again->version == parsed->version && again->host == parsed->host &&
                     again->labels == parsed->labels && again->allow == parsed->allow,
                 "and says the same");
    for (const std::string* word : {&parsed->agent, &parsed->version, &parsed->host}) {
        fuzz::demand(word->size() <= 1024, "what stands in logs and metrics is bounded");
    }
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input lines(input);
    h2::Fields request{{":method", "GET"}, {":path", protocol::kGreetingPath}};
    for (std::string_view line = lines.line(); !line.empty(); line = lines.line()) {
        const std::size_t colon = std::min(line.find(": "), line.size());
        request.add(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
    }
    const auto invitation = protocol::Invitation::from_request(request);
    demand(invitation.workers >= 1 && invitation.wanted_sessions >= 1, "a session at least is wanted");
    demand(invitation.workers <= 4096 && invitation.wanted_sessions <= 65536, "numbers of a connector are bounded");
    demand(invitation.probe_interval.count() > 0 && invitation.probe_interval <= std::chrono::hours(1),
           "probes come at times");
    const auto again = protocol::Invitation::from_request(invitation.to_request());
    demand(again.workers == invitation.workers && again.wanted_sessions == invitation.wanted_sessions &&
               again.probe_interval == invitation.probe_interval && again.seat == invitation.seat,
           "an invitation that we write says the same");
    introduce(lines.rest());
}
