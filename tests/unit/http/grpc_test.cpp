// Deadlines and failures of gRPC calls.
#include "connector/http/grpc.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace adit::http;
using namespace std::chrono_literals;

namespace {

struct CallHead {
    explicit CallHead(std::string_view timeout, std::string_view type = "application/grpc") {
        head.fields.push_back({"content-type", type, Known::content_type});
        head.fields.push_back({"grpc-timeout", timeout});
    }
    RequestHead head;
};

std::optional<std::chrono::nanoseconds> timeout_of(std::string_view text) {
    return grpc_timeout(CallHead(text).head);
}

}  // namespace

TEST_CASE("gRPC is known by its content type, and gRPC-Web is not it") {
    CHECK(is_grpc(CallHead("1S").head));
    CHECK(is_grpc(CallHead("1S", "application/grpc+proto").head));
    CHECK(is_grpc(CallHead("1S", "application/grpc; charset=x").head));
    CHECK_FALSE(is_grpc(CallHead("1S", "application/grpc-web").head));
    CHECK_FALSE(is_grpc(CallHead("1S", "application/json").head));
}

TEST_CASE("a caller's deadline is read in every unit, and in none that is not clear") {
    CHECK(timeout_of("7n") == 7ns);
    CHECK(timeout_of("7u") == 7us);
    CHECK(timeout_of("250m") == 250ms);
    CHECK(timeout_of("3S") == 3s);
    CHECK(timeout_of("2M") == 2min);
    CHECK(timeout_of("1H") == 1h);
    CHECK(timeout_of("99999999H") > std::chrono::hours(24 * 365 * 200));
    for (const char* bad : {"", "S", "10", "10s", "-1S", "1.5S", "123456789S", " 1S"}) {
        CAPTURE(bad);
        CHECK_FALSE(timeout_of(bad));
    }
    CHECK_FALSE(grpc_timeout(CallHead("1S", "text/plain").head));
}

TEST_CASE("what is left of a deadline is passed on in at most eight digits, and never made longer") {
    CHECK(grpc_timeout_text(1500us) == "1500000n");
    CHECK(grpc_timeout_text(5s) == "5000000u");
    CHECK(grpc_timeout_text(250s) == "250000m");
    CHECK(grpc_timeout_text(-1s) == "0n");
    for (const auto left : {99'999'999ns, 100'000'000ns, 123'456'789'012ns}) {
        CHECK(*timeout_of(grpc_timeout_text(left)) <= left);
    }
}

TEST_CASE("our failures have the statuses that gRPC callers act upon") {
    CHECK(grpc_status(problem::no_route("a", "/b")) == 12);
    CHECK(grpc_status(problem::connection_refused("x")) == 14);
    CHECK(grpc_status(problem::tunnel_without_session("t")) == 14);
    CHECK(grpc_status(problem::first_byte_timeout("1s")) == 4);
    CHECK(grpc_message("50% über\n") == "50%25 %C3%BCber%0A");
}
