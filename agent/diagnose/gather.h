// Runs coroutines side by side, a few at a time, and gives their values in order.
#pragma once

#include <algorithm>
#include <vector>

#include "common/net/loop.h"
#include "common/net/spawn.h"

namespace adit::agent {

namespace detail {

template <class T>
net::Task<> collect(net::Task<T> task, T& value, std::size_t& left, net::Waiter& done) {
    value = co_await std::move(task);
    if (--left == 0) {
        done.wake();
    }
}

}  // namespace detail

/// Suspends until all have ended. Each has limits of its own on how long it takes.
template <class T>
net::Task<std::vector<T>> gather(net::Loop& loop, std::vector<net::Task<T>> tasks) {
    constexpr std::size_t kAtOnce = 32;
    std::vector<T> values(tasks.size());
    for (std::size_t begin = 0; begin < tasks.size(); begin += kAtOnce) {
        const std::size_t end = std::min(tasks.size(), begin + kAtOnce);
        std::size_t left = end - begin;
        net::Waiter done(loop);
        for (std::size_t i = begin; i < end; ++i) {
            net::spawn(loop.context(), "a step of the diagnosis",
                       detail::collect(std::move(tasks[i]), values[i], left, done));
        }
        co_await done.wait();
    }
    co_return values;
}

}  // namespace adit::agent
