// Threads of a program; see worker.h.
#include "common/net/worker.h"

#include <boost/asio/post.hpp>

namespace adit::net {

Worker::~Worker() {
    finish();
}

void Worker::finish() {
    work_.reset();
    do {
        loop_.unwind();
        context_.restart();
    } while (context_.poll() > 0);
}

void Worker::post(std::function<void()> function) {
    boost::asio::post(context_, std::move(function));
}

void Worker::start() {
    thread_ = std::thread([this] { run(); });
}

void Worker::run() {
    context_.run();
}

void Worker::stop() {
    context_.stop();
}

void Worker::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace adit::net
