// A status server on its own thread, and raw exchanges with it.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/status/server.h"

namespace adit::status::test {

/// Runs a server with a few handlers until it dies.
class Running {
  public:
    Running() : work_(context_.get_executor()), server_(loop_) {
        server_.add("/live", [] { return Answer{200, "text/plain; charset=utf-8", "ok\n"}; });
        server_.add("/ready", [this] {
            return ready ? Answer{200, "application/json", "{\"ready\":true}\n"}
                         : Answer{503, "application/json", "{\"ready\":false,\"reason\":\"no session\"}\n"};
        });
        server_.add("/broken", []() -> Answer { throw std::runtime_error("secret words"); });
        server_.add_action("/update/now",
                           [](const Asked&, const Server::Tell& tell) { tell({200, "text/plain", "now\n"}); });
        server_.add_action("/update/later",
                           [this](const Asked&, const Server::Tell& tell) { waiting_.push_back(tell); });
        listening = server_.listen(net::HostPort{"127.0.0.1", 0}, {}).has_value();
        server_.start();
        thread_ = std::jthread([this] { context_.run(); });
    }
    ~Running() {
        on_thread([this] { server_.stop(); });
        work_.reset();
        context_.stop();
    }

    net::HostPort address() const { return {"127.0.0.1", server_.address().tcp.port}; }
    /// Answers the first who asked for /update/later, if somebody has; false when nobody had.
    bool tell() {
        bool told = false;
        on_thread([&] {
            if (!waiting_.empty()) {
                const Server::Tell tell = std::move(waiting_.front());
                waiting_.pop_front();
                tell({200, "text/plain", "later\n"});
                told = true;
            }
        });
        return told;
    }
    /// How many have asked for it and were not answered.
    std::size_t waiting() {
        std::size_t count = 0;
        on_thread([&] { count = waiting_.size(); });
        return count;
    }
    void stop() {
        on_thread([this] { server_.stop(); });
    }

    void guard(Guard guard) {
        on_thread([&] { server_.guard(std::move(guard)); });
    }

    void on_refusal(Server::Refused refused) {
        on_thread([&] { server_.on_refusal(std::move(refused)); });
    }

    void serve_below(const std::string& prefix, Server::Below handler) {
        on_thread([&] { server_.add_below(prefix, std::move(handler)); });
    }

    std::atomic<bool> ready = true;
    bool listening = false;

  private:
    void on_thread(const std::function<void()>& work) {
        std::promise<void> done;
        boost::asio::post(context_, [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }

    boost::asio::io_context context_{1};
    net::Loop loop_{context_};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    Server server_;
    std::deque<Server::Tell> waiting_;
    std::jthread thread_;
};

/// A connected client that blocks.
class Client {
  public:
    explicit Client(const net::HostPort& to) : socket_(context_) {
        socket_.connect({boost::asio::ip::make_address(to.host), to.port});
    }
    void send(std::string_view text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
    /// All that comes until the server closes; what a reset took with it is missing.
    std::string rest() {
        std::string text;
        boost::system::error_code error;
        boost::asio::read(socket_, boost::asio::dynamic_buffer(text), error);
        return text;
    }
    /// Exactly `size` bytes.
    std::string read(std::size_t size) {
        std::string text(size, '\0');
        boost::asio::read(socket_, boost::asio::buffer(text));
        return text;
    }

  private:
    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_;
};

inline std::string ask(const Running& server, std::string_view request) {
    Client client(server.address());
    client.send(request);
    return client.rest();
}

}  // namespace adit::status::test
