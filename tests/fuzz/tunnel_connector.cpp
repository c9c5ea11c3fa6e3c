// What an agent may say to a connector, by sequences of frames: greeting, probes and streams of the connector's
// session.
#include <vector>

#include "common/log/log.h"
#include "connector/tunnel/pool.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/written_frames.h"

namespace {

using namespace adit;

/// A request's stream through the session: it sends a little and reads what comes.
net::Task<> carry(std::unique_ptr<net::Stream> stream, int& under_way) {
    ++under_way;
    net::Chain chain(stream->loop().blocks());
    chain.append("early");
    stream->write_some(chain, chain.size());
    while (!co_await stream->receive()) {
        stream->consume(stream->input().size());
    }
    if (const problem::Failure* failure = stream->failure()) {
        fuzz::demand(!failure->detail.empty() && failure->status >= 400, "a refusal says why");
        fuzz::demand(failure->detail.find_first_of("\r\n") == std::string::npos, "in one line");
    }
    --under_way;
}

net::Task<> serve(tunnel::Session& session, bool& done) {
    protocol::Invitation invitation;
    invitation.instance = "i";
    co_await session.run(std::move(invitation));
    done = true;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    [[maybe_unused]] static const bool quiet = (logging::set_up(logging::Level::error, logging::Format::json), true);
    static metrics::Registry registry;
    static ConnectorMetrics metrics(registry);
    Input decisions(input);
    const std::uint8_t first = decisions.byte();
    net::Worker worker(0);
    tunnel::Fleet fleet;
    tunnel::Switchboard switchboard;
    tunnel::Pool pool(worker, fleet, metrics, switchboard);
    pool.join({&pool});
    Peer peer(worker);
    bool done = false;
    int under_way = 0;
    {
        tunnel::Session::Origin origin;
        origin.key = {.tunnel_id = "tnl_a", .tunnel_name = "a", .key_id = "k", .expires = {}};
        tunnel::Session::Settings settings;
        settings.limits = {.concurrent_streams = 16, .head_fields = 30, .head_bytes = 4096};
        tunnel::Session session(pool, peer.take_stream(), std::move(origin), settings);
        net::spawn(worker.context(), "a session", serve(session, done));
        peer.settle();
        WrittenFrames written(true);
        Frames frames(Speaker::agent);
        peer.say(frames.greeting());
        if ((first & 4) == 0) {  // an agent that introduces itself well, and only then begins to lie
            peer.say(frame(1, 4, 1, "\x88") + frame(0, 1, 1, R"({"agent":"a","version":"1","host":"h"})"));
            demand(pool.sessions().size() == 1, "an agent that introduces itself gets requests");
        }
        while (!decisions.empty() && !done) {
            if (under_way < 8 && decisions.byte() < 0x30) {
                if (auto stream = session.open({"a.example", 80})) {
                    net::spawn(worker.context(), "a stream", carry(std::move(stream), under_way));
                }
            }
            peer.say(frames.next(decisions));
            written.read(peer.hear());
            demand(session.streams() <= 10, "there are no streams but ours");
        }
        if ((first & 1) != 0) {
            session.drain();
        } else if ((first & 2) != 0) {
            session.announce_successor();
        }
        peer.settle();
        written.read(peer.hear());
        peer.leave();
        demand(done && under_way == 0, "a session ends when its agent has left, and with it every stream");
        demand(pool.sessions().empty(), "and nobody takes it for one that is there");
        worker.finish();
    }
}
