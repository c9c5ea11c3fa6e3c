// Failures in the forms that others read.
#include <doctest/doctest.h>

#include "common/problem/answer.h"

using namespace adit::problem;

TEST_CASE("an agent's refusal arrives at the connector with its cause and words") {
    const Failure said = destination_prohibited("10.0.0.1:80 is \"not\" allowed; use --allow");
    const Failure heard = failure_of_refusal(502, proxy_status(said, "adit-agent"));
    CHECK(heard.error == ProxyError::destination_ip_prohibited);
    CHECK(heard.detail == said.detail);
    CHECK(heard.not_sent);
}

TEST_CASE("a refusal that makes no sense is still a refusal") {
    for (const char* text : {"", "x", "adit; error=", "adit; error=nonsense; details=\"", "adit; details=\"\\"}) {
        const Failure heard = failure_of_refusal(500, text);
        CHECK(heard.status == 502);
        CHECK_FALSE(heard.detail.empty());
    }
}

TEST_CASE("a problem document holds what RFC 9457 names, escaped") {
    const std::string text =
        problem_json(no_route("a", "/\"x\""), kOwnPages, "/\"x\"", "req_1", "2026-01-02T03:04:05Z");
    CHECK(text.find("\"status\":404") != std::string::npos);
    CHECK(text.find("\"instance\":\"/\\\"x\\\"\"") != std::string::npos);
    CHECK(text.find("\"requestId\":\"req_1\"") != std::string::npos);
}

TEST_CASE("a problem document tells of the tries before it, and whether to ask again") {
    Failure failure = connection_terminated("the origin closed the connection without an answer");
    CHECK(problem_json(failure, kOwnPages, "/", "r", "t").find("\"retryable\":false") != std::string::npos);
    CHECK(problem_json(failure, kOwnPages, "/", "r", "t").find("attempts") == std::string::npos);
    failure.retryable = true;
    failure.retry_after = 3;
    failure.attempts = {{.endpoint = "endpoint-1", .phase = "connect", .ms = 4, .outcome = "connection-refused"},
                        {.endpoint = "http://b:80",
                         .agent = "a1",
                         .phase = "wait",
                         .ms = 20,
                         .outcome = "connection-terminated",
                         .why = "not-safe"}};
    const std::string text = problem_json(failure, kOwnPages, "/", "r", "t");
    CHECK(text.find(R"("retryable":true,"retry_after":3,"attempts":[)"
                    R"({"attempt":1,"endpoint":"endpoint-1","phase":"connect","ms":4,"outcome":"connection-refused"},)"
                    R"({"attempt":2,"endpoint":"http://b:80","agent":"a1","phase":"wait","ms":20,)"
                    R"("outcome":"connection-terminated","not_retried":"not-safe"}]})") != std::string::npos);
    CHECK(problem_json(rate_limited("", 1), kOwnPages, "/", "r", "t").find("\"retryable\":true") != std::string::npos);
}
