// What a status server answers to our commands and health checks, whole and in pieces. The first byte says how long the
// pieces are.
#include <string>

#include "common/status/reply_reader.h"
#include "tests/fuzz/pieces.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

std::string outcome_of(std::string_view bytes, std::size_t piece) {
    status::ReplyReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto whole = reader.take(bytes.substr(at, piece));
        if (!whole) {
            fuzz::demand(!whole.error().message.empty(), "what is no answer is told why");
            return "none";
        }
        if (*whole) {
            const status::Reply reply = std::move(reader).reply();
            fuzz::demand(reply.status >= 100 && reply.status <= 999, "a status has three digits");
            fuzz::demand(reply.body.size() <= bytes.size(), "nothing grows");
            return std::to_string(reply.status) + " " + reply.body;
        }
    }
    return "none";  // what cannot be read is found out earlier where more of it came at once
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    outcome_in_pieces(decisions, outcome_of);
}
