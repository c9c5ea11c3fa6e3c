// A head of an answer of HTTP/1.1. The first byte says what it is an answer to.
#include <array>

#include "connector/http/parse.h"
#include "tests/fuzz/heads.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    static constexpr std::array<std::string_view, 4> kMethods{"GET", "HEAD", "POST", "OPTIONS"};
    Input decisions(input);
    const std::string_view method = decisions.choice(kMethods);
    const std::string_view text = decisions.rest();
    std::size_t scanned = 0;
    const std::size_t length = http::head_length(text, scanned);
    http::ResponseHead head;
    head.bytes() = text.substr(0, length == 0 ? text.size() : length);
    if (!http::parse_response(head, method, {})) {
        return;
    }
    demand(head.status >= 100 && head.status <= 999, "a status has three digits");
    demand_one_response(head, method);
}
