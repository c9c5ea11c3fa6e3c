// A thread with its loop. Objects never move between workers; workers talk by posting batches to each other.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <thread>

#include "common/net/loop.h"

namespace adit::net {

/// Owns an io_context with concurrency hint 1 (one thread runs it, any may post) and the loop on it.
class Worker {
  public:
    explicit Worker(unsigned index) : index_(index), context_(1), loop_(context_), work_(context_.get_executor()) {}
    /// The thread must have ended.
    ~Worker();
    /// Unwinds all coroutines of the worker. Its owner calls it, with the thread ended, while everything that
    /// coroutines use is still there: Asio unwinds through its queue, so this runs what is left of it.
    void finish();

    unsigned index() const { return index_; }
    boost::asio::io_context& context() { return context_; }
    Loop& loop() { return loop_; }

    /// Runs `function` on the worker's thread; from any thread.
    void post(std::function<void()> function);
    /// Runs on a new thread until stop().
    void start();
    /// Runs on the calling thread until stop().
    void run();
    /// Lets run() return; from any thread.
    void stop();
    void join();

  private:
    unsigned index_;
    boost::asio::io_context context_;
    Loop loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

}  // namespace adit::net
