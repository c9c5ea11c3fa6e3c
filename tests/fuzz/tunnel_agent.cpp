// What a connector may say to an agent, by sequences of frames: the agent's session, with its allow list in force.
#include "agent/session.h"
#include "common/log/log.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/written_frames.h"

namespace {

using namespace adit;

struct Watching final : agent::SessionWatcher {
    void greeted(const protocol::Invitation& invitation) override {
        fuzz::demand(invitation.wanted_sessions <= 1024, "what a connector wants is bounded");
    }
    void connector_leaving() override {}
    void successor_came() override {}
};

net::Task<> serve(agent::Session& session, bool& done) {
    co_await session.run();
    done = true;
}

/// Nothing is allowed but an address where nobody listens: frames decide what is asked for, and nothing is reached.
std::shared_ptr<const agent::AllowList> allow_list() {
    static const auto list =
        std::make_shared<const agent::AllowList>(std::vector{*agent::AllowPattern::parse("127.0.0.1:1")});
    return list;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    [[maybe_unused]] static const bool quiet = (logging::set_up(logging::Level::error, logging::Format::json), true);
    static metrics::Registry registry;
    static agent::AgentMetrics metrics(registry);
    Input decisions(input);
    const std::uint8_t first = decisions.byte();
    net::Worker worker(0);
    Peer peer(worker);
    net::Resolver resolver;
    agent::Surroundings surroundings{
        .loop = worker.loop(),
        .resolver = resolver,
        .metrics = metrics,
        .allow = allow_list(),
        .introduction = {.agent = "a", .version = "1", .host = "h", .labels = {}, .allow = {}},
        .limits = {.concurrent_streams = 16, .head_fields = 30, .head_bytes = 4096},
        .sparing = {}};
    Watching watcher;
    bool done = false;
    agent::Session session(peer.take_stream(), surroundings, watcher);
    net::spawn(worker.context(), "a session", serve(session, done));
    Frames frames(Speaker::connector);
    WrittenFrames written(false);
    peer.say(frames.begin(decisions, (first & 8) == 0));
    while (!decisions.empty() && !done) {
        peer.say(frames.next(decisions));
        written.read(peer.hear());
        demand(session.streams() <= 16, "no more streams run than were offered");
    }
    if ((first & 16) != 0) {
        session.drain();
        peer.settle();
    }
    written.read(peer.hear());
    peer.leave();
    demand(done, "a session ends when its connector has left");
    worker.finish();
}
