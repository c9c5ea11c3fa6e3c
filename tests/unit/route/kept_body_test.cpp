// Bodies that are kept as they pass.
#include "connector/route/kept_body.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/worker.h"

using namespace adit;
using namespace adit::route;

namespace {

/// A body of which `text` passes.
struct Passing {
    explicit Passing(std::uint64_t length, std::size_t most, std::uint64_t budgeted = 1000)
        : streams(net::memory_pipe(worker.loop(), 64 * 1024)),
          body(*streams.first, {http::Framing::Kind::length, length}),
          budget(budgeted),
          kept(std::in_place, body, most, budget) {}
    ~Passing() {
        kept.reset();
        worker.finish();
    }
    void pass(std::string_view text) {
        streams.first->input().append(text);
        std::string elsewhere;
        body.move_to(elsewhere, text.size());
        CHECK(elsewhere == text);
    }

    net::Worker worker{0};
    std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>> streams;
    http::BodyReader body;
    backend::HeldBudget budget;
    std::optional<KeptBody> kept;
};

}  // namespace

TEST_CASE("a small body is kept while it passes, and is the process's memory until it is let go") {
    Passing passing(11, 100);
    passing.pass("hello ");
    CHECK(passing.kept->whole());
    CHECK(passing.kept->bytes() == "hello ");
    passing.pass("world");
    CHECK(passing.kept->bytes() == "hello world");
    CHECK(passing.budget.held() == 11);
    passing.kept->release();
    CHECK_FALSE(passing.kept->whole());
    CHECK(passing.budget.held() == 0);
}

TEST_CASE("a body beyond the bound goes on and is not kept, announced or not, nor one for which there is no room") {
    Passing announced(11, 10);
    CHECK_FALSE(announced.kept->whole());
    announced.pass("hello");
    CHECK(announced.budget.held() == 0);

    Passing full(11, 100, 8);
    full.pass("hello ");
    CHECK(full.budget.held() == 6);
    full.pass("world");
    CHECK_FALSE(full.kept->whole());
    CHECK(full.budget.held() == 0);
}

TEST_CASE("what is shown stays where it is when nothing more is kept") {
    Passing passing(11, 100);
    passing.pass("hello ");
    passing.kept->stop();
    passing.pass("world");
    CHECK_FALSE(passing.kept->whole());
    CHECK(passing.kept->bytes() == "hello ");
}
