// The one coroutine type: asio::awaitable on a concrete executor, which halves the cost of the type-erased one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace adit::net {

/// Control flow of a connection or a request. Plain functions do the work per chunk and per frame.
/// A lambda coroutine must not capture: use a named function that takes its state by value.
template <class T = void>
using Task = boost::asio::awaitable<T, boost::asio::io_context::executor_type>;

}  // namespace adit::net
