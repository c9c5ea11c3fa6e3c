// A loop that a test runs until something has happened, and tasks that it waits for.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <optional>

#include "common/net/spawn.h"
#include "common/net/worker.h"

namespace adit::wireguard::test {

/// A worker on the test's own thread.
class Running {
  public:
    ~Running() { worker_.finish(); }
    net::Loop& loop() { return worker_.loop(); }

    /// Runs the loop until the condition holds; a test fails that waits in vain.
    void until(const std::function<bool()>& condition) {
        const auto end = net::Clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            if (net::Clock::now() > end) {
                FAIL("waited in vain");
            }
            worker_.context().run_one_for(std::chrono::milliseconds(20));
        }
    }

    /// The result of a task.
    template <class T>
    T wait(net::Task<T> task) {
        std::optional<T> result;
        net::spawn(worker_.context(), "a test's task", store(std::move(task), result));
        until([&result] { return result.has_value(); });
        return std::move(*result);
    }

  private:
    template <class T>
    static net::Task<> store(net::Task<T> task, std::optional<T>& result) {
        result.emplace(co_await std::move(task));
    }

    net::Worker worker_{0};
};

}  // namespace adit::wireguard::test
