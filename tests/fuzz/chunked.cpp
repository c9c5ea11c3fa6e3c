// A body in chunks, whole and in pieces. The first bytes say how long the pieces are.
#include "connector/http/chunked.h"

#include <optional>
#include <string>

#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

struct Decoded {
    std::string data;
    std::string trailers;
    std::size_t used = 0;  ///< of what came
    bool done = false;
    bool refused = false;
};

/// Decodes what comes in pieces as BodyReader does; `piece` 0 is all at once.
Decoded decode(std::string_view text, std::size_t piece) {
    Decoded out;
    http::ChunkDecoder decoder;
    std::size_t arrived = piece == 0 ? text.size() : 0;
    while (!out.done) {
        const std::string_view here = text.substr(out.used, arrived - out.used);
        const auto step = decoder.step(here);
        if (!step) {
            out.refused = true;
            return out;
        }
        fuzz::demand(step->skip + step->data <= here.size(), "a step takes no more than there is");
        fuzz::demand(!step->done || step->data == 0, "nothing follows the end");
        out.data += here.substr(step->skip, step->data);
        out.used += step->skip + step->data;
        decoder.took(step->data);
        out.done = step->done;
        if (!out.done && step->skip + step->data == 0) {
            if (arrived == text.size()) {
                return out;
            }
            arrived = std::min(text.size(), arrived + piece);
        }
    }
    for (const http::Field& field : decoder.trailers()) {
        out.trailers.append(field.name).append(": ").append(field.value).append("\n");
    }
    return out;
}

/// The body as we frame it on the way on.
std::string framed(const Decoded& body) {
    std::string out;
    if (!body.data.empty()) {
        http::append_chunk_start(out, body.data.size());
        out += body.data;
        out += "\r\n";
    }
    return out += "0\r\n\r\n";
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const std::size_t piece = 1 + decisions.below(8);
    const std::string_view text = decisions.rest();
    const Decoded whole = decode(text, 0);
    const Decoded pieces = decode(text, piece);
    demand(whole.data == pieces.data && whole.done == pieces.done && whole.refused == pieces.refused,
           "pieces give the body that the whole gives");
    demand(!whole.done || (whole.used == pieces.used && whole.trailers == pieces.trailers), "and the same end");
    if (whole.done) {
        const Decoded again = decode(framed(whole), 0);
        demand(again.done && again.data == whole.data, "what we frame is the body that came");
    }
}
