// A thread for the slow part of a reload: tens of thousands of routes take a second to read, check and take apart, for
// which no worker's requests shall wait.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "common/net/worker.h"
#include "connector/generation.h"

namespace adit {

/// Made and destroyed on the thread of `main`, which it must not outlive. One reading at a time.
class Reloader {
  public:
    using Made = Result<std::shared_ptr<const Generation>>;

    Reloader(std::filesystem::path file, Generation::Means means, net::Worker& main)
        : file_(std::move(file)), means_(std::move(means)), main_(main) {}
    /// Waits for what is being read; its `done` may or may not be called still.
    ~Reloader();

    /// Reads the file and makes its generation, or says what is wrong with it; `done` is called on main's thread.
    void make(std::shared_ptr<const Generation> previous, std::function<void(Made)> done);
    /// Does `work` there, between readings; `done` is called on main's thread.
    void run(std::function<void()> work, std::function<void()> done);
    /// Frees a generation that nobody else holds any more.
    void dispose(std::shared_ptr<const Generation> generation);

  private:
    const std::filesystem::path file_;
    const Generation::Means means_;
    net::Worker& main_;
    boost::asio::thread_pool thread_{1};
};

}  // namespace adit
