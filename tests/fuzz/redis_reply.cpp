// What Redis says (RESP2), whole and in pieces. The first byte says how long the pieces are.
#include <string>

#include "connector/state/circuit_row.h"
#include "connector/state/resp.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

std::string text_of(const state::Reply& reply, int depth = 0) {
    fuzz::demand(depth < 32, "replies nest no deeper than is read");
    std::string text =
        std::to_string(static_cast<int>(reply.kind)) + ":" + std::to_string(reply.integer) + ":" + reply.text + "[";
    for (const state::Reply& item : reply.items) {
        text += text_of(item, depth + 1) + ",";
    }
    static_cast<void>(reply.code());
    static_cast<void>(reply.number(0));
    state::CircuitRow row;
    if (const auto order = row.hear(reply, resilience::CircuitState::closed, false); order && order->news) {
        fuzz::demand(reply.items.size() >= 8, "a circuit's row has all of its parts");
        fuzz::demand(order->news->cooldown.count() >= 0 && order->news->cooldown <= std::chrono::hours(24),
                     "nothing is open for longer than one can reckon with");
    }
    return text + "]";
}

std::string read(std::string_view bytes, std::size_t piece) {
    state::ReplyReader reader;
    std::string seen;
    while (!bytes.empty()) {
        reader.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (;;) {
            const auto reply = reader.next();
            if (!reply) {
                return seen + "no RESP";
            }
            if (!*reply) {
                break;
            }
            seen += text_of(**reply) + "\n";
        }
    }
    return seen;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const std::size_t piece = 1 + decisions.below(32);
    const std::string_view bytes = decisions.rest();
    demand(read(bytes, bytes.size() + 1) == read(bytes, piece), "pieces give the replies that the whole gives");
    std::string command;
    state::begin_command(command, 1);
    state::append_word(command, bytes);
    const std::string echoed = read(command, command.size());
    demand(echoed.find(bytes) != std::string::npos || bytes.size() > state::ReplyReader::kReplyMost,
           "a word that we send is one word, whatever is in it");
}
