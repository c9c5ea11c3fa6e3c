// The field by which an agent says why it has refused a stream (Proxy-Status, RFC 9209): parsed with suspicion, and
// told on.
#include <boost/json.hpp>

#include "common/problem/answer.h"
#include "common/problem/failure.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const int status = 300 + static_cast<int>(decisions.byte());
    const std::string_view field = decisions.rest();
    const problem::Failure failure = problem::failure_of_refusal(status, field);
    demand(!failure.detail.empty(), "a refusal says why");
    demand(failure.status >= 400 && failure.status <= 599, "and is an error");
    demand(failure.detail.size() <= 4096, "in some words");
    const std::string told = problem::proxy_status(failure, "adit");
    demand(told.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "what we tell is one line");
    const problem::Failure again = problem::failure_of_refusal(status, told);
    demand(again.error == failure.error, "and says the same to the next one");
    const std::string document = problem::problem_json(failure, problem::kOwnPages, "/", "r", "t");
    boost::system::error_code bad;
    const boost::json::value read = boost::json::parse(document, bad);
    demand(!bad && read.is_object() && read.get_object().at("detail").is_string(), "the answer is a document");
}
