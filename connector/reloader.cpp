// Reading and making beside the workers; see reloader.h.
#include "connector/reloader.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "connector/config/load.h"

namespace adit {

Reloader::~Reloader() {
    thread_.stop();
    thread_.join();
}

void Reloader::make(std::shared_ptr<const Generation> previous, std::function<void(Made)> done) {
    boost::asio::post(thread_, [this, previous = std::move(previous), done = std::move(done)] {
        auto configuration = config::load(file_);
        auto made = configuration ? Generation::make(std::move(*configuration), means_, previous.get())
                                  : Made(usage_error(configuration.error().text()));
        main_.post([done, made = std::move(made)] { done(made); });
    });
}

void Reloader::run(std::function<void()> work, std::function<void()> done) {
    boost::asio::post(thread_, [this, work = std::move(work), done = std::move(done)] {
        work();
        main_.post(done);
    });
}

void Reloader::dispose(std::shared_ptr<const Generation> generation) {
    boost::asio::post(thread_, [generation = std::move(generation)] {});
}

}  // namespace adit
