// Asking the helper, and keeping one running; see helper.h.
#include "common/wireguard/helper.h"

#include <boost/json.hpp>

#include "common/net/alarm.h"
#include "common/net/spawn.h"

namespace adit::wireguard {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

constexpr auto kEndPatience = 1s;
constexpr std::uint64_t kFirstIdMost = 1ULL << 48;
constexpr std::size_t kPendingMost = 4096;  ///< requests without an answer; more means that it does not keep up

std::unexpected<Refusal> failed(std::string words) {
    return std::unexpected(Refusal{"failed", std::move(words)});
}

}  // namespace

/// A request without an answer.
class Helper::Pending final : public net::Deadline {
  public:
    Pending(Helper& helper, std::uint64_t id, net::Time deadline, Callback answered)
        : Deadline(helper.loop_.wheel()), helper_(helper), id_(id), answered_(std::move(answered)) {
        arm(deadline);
    }
    Callback take() { return std::move(answered_); }

  private:
    void expired() override { helper_.overdue(id_); }
    Helper& helper_;
    std::uint64_t id_;
    Callback answered_;
};

Result<std::shared_ptr<Helper>> Helper::start(net::Loop& loop, HelperSettings settings) {
    auto helper = std::make_shared<Helper>(loop, std::move(settings));
    if (auto launched = helper->launch(); !launched) {
        return std::unexpected(std::move(launched).error());
    }
    net::spawn(loop.context(), "the WireGuard helper", keep(helper));
    return helper;
}

std::shared_ptr<Helper> Helper::adopt(net::Loop& loop, net::Descriptor control, HelperSettings settings) {
    auto helper = std::make_shared<Helper>(loop, std::move(settings));
    helper->take_control(std::move(control));
    net::spawn(loop.context(), "the WireGuard helper", keep(helper));
    return helper;
}

// Ids begin anywhere: an answer to the process that had the control socket before must not be taken for one to us.
Helper::Helper(net::Loop& loop, HelperSettings settings)
    : loop_(loop),
      settings_(std::move(settings)),
      backoff_(settings_.backoff),
      next_id_(1 + random_.below(kFirstIdMost)) {}

Helper::~Helper() = default;

// --- questions and answers ---------------------------------------------------------------------------------------

void Helper::ask(const Request& request, net::Time deadline, Callback answered) {
    if (!running()) {
        answered(failed(left_ ? "the helper is no longer ours" : "the helper has ended and is being started again"));
        return;
    }
    const std::uint64_t id = next_id_++;
    if (pending_.size() >= kPendingMost || !channel_->send(request.with_id(id))) {
        answered(failed("the helper does not keep up with what it is asked"));
        return;
    }
    pending_.emplace(id, std::make_unique<Pending>(*this, id, deadline, std::move(answered)));
}

net::Task<Helper::Answered> Helper::request(Request request, net::Time deadline) {
    return ask_and_wait(shared_from_this(), std::move(request), deadline);
}

net::Task<Helper::Answered> Helper::ask_and_wait(std::shared_ptr<Helper> self, Request request, net::Time deadline) {
    struct Outcome {
        explicit Outcome(net::Loop& loop) : came(loop) {}
        net::Waiter came;
        std::optional<Answered> answer;
    };
    // Shared with the callback, since a coroutine that is unwound does not take its question back.
    const auto outcome = std::make_shared<Outcome>(self->loop_);
    self->ask(request, deadline, [outcome](Answered answer) {
        outcome->answer = std::move(answer);
        outcome->came.wake();
    });
    while (!outcome->answer) {
        co_await outcome->came.wait();
    }
    co_return std::move(*outcome->answer);
}

void Helper::resolve(std::uint64_t id, Answered answered) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) {
        return;  // too late, or an answer to our predecessor; its descriptor is closed
    }
    Callback callback = found->second->take();
    pending_.erase(found);
    callback(std::move(answered));
}

/// Too busy, or does it hang? One more question, which takes no time to answer, decides.
void Helper::overdue(std::uint64_t id) {
    const auto self = shared_from_this();
    if (id == probe_id_) {
        probe_id_ = 0;
        resolve(id, failed("it hangs"));
        channel_->give_up("it did not answer for " + format_duration(settings_.answer_within));
        return;
    }
    resolve(id, failed("the helper did not answer in time"));
    if (probe_id_ == 0 && running()) {
        probe_id_ = next_id_;
        ask(Request("describe"), answer_deadline(), [this](const Answered&) { probe_id_ = 0; });
    }
}

void Helper::lose_pending(const std::string& why) {
    probe_id_ = 0;
    while (!pending_.empty()) {
        resolve(pending_.begin()->first, failed("the helper ended: " + why));
    }
}

void Helper::received(json::object message, net::Descriptor descriptor) {
    if (const json::value* id = message.if_contains("id")) {
        if (id->is_null()) {  // about a message of ours that it could not read
            logging::error("the WireGuard helper did not understand us", {{"reason", words_of(message, "error")}});
            return;
        }
        if (id->is_uint64() || id->is_int64()) {
            // A negative one is nobody's.
            const std::uint64_t value =
                id->is_uint64() ? id->get_uint64() : static_cast<std::uint64_t>(id->get_int64());
            if (auto refusal = refusal_of(message)) {
                resolve(value, std::unexpected(std::move(*refusal)));
            } else {
                resolve(value, Answer{std::move(message), std::move(descriptor)});
            }
            return;
        }
    } else if (message.contains("event")) {
        received_event(message, std::move(descriptor));
        return;
    }
    channel_->give_up("it sent a message that is neither an answer nor an event");
}

void Helper::received_event(const json::object& event, net::Descriptor descriptor) {
    const std::string name = words_of(event, "event");
    if (name == "log") {
        logging::write(level_of(event), words_of(event, "words"), {{"from", "adit-wireguard"}});
        return;
    }
    const auto client = clients_.find(words_of(event, "device"));
    if (client == clients_.end()) {
        return;
    }
    const net::Address from = address_of(event, "from").value_or(net::Address{});
    if (name == "stranger") {
        client->second->stranger(from);
    } else if (name == "accepted" && descriptor) {
        client->second->accepted(std::move(descriptor), from);
    } else if (name == "accepted") {
        logging::warn("a WireGuard connection was lost: too many descriptors are open", {});
    }
}

// --- one after the other -----------------------------------------------------------------------------------------

Result<> Helper::launch() {
    const auto program = settings_.program.empty() ? find_helper() : Result<std::filesystem::path>(settings_.program);
    if (!program) {
        return std::unexpected(program.error());
    }
    auto started = HelperProcess::start(loop_, *program);
    if (!started) {
        return std::unexpected(std::move(started).error());
    }
    process_ = std::move(started->process);
    take_control(std::move(started->control));
    return {};
}

void Helper::take_control(net::Descriptor control) {
    channel_ = std::make_shared<Channel>(loop_, std::move(control));
    ++generation_;
}

net::Task<> Helper::keep(std::shared_ptr<Helper> self) {
    while (!self->left_) {
        const std::shared_ptr<Channel> channel = self->channel_;
        const net::Time began = net::Clock::now();
        std::string why = co_await channel->run([helper = self.get()](json::object message, net::Descriptor fd) {
            helper->received(std::move(message), std::move(fd));
        });
        self->lose_pending(why);
        if (const auto process = self->process_; process != nullptr && !self->left_) {
            why += "; " + co_await process->ended(net::Clock::now() + kEndPatience);
        }
        if (!self->left_) {
            self->backoff_.worked_for(net::Clock::now() - began);
            co_await restart(self, std::move(why));
        }
    }
}

net::Task<> Helper::restart(std::shared_ptr<Helper> self, std::string why) {
    logging::error("the WireGuard helper ended; it is started again",
                   {{"reason", why}, {"devices", self->clients_.size()}});
    for (bool launched = false; !launched;) {
        co_await net::sleep_for(self->loop_, self->backoff_.next(self->random_.uniform()));
        if (self->left_) {
            co_return;
        }
        const auto started = self->launch();
        launched = started.has_value();
        if (!launched) {
            logging::error("the WireGuard helper cannot be started again", {{"reason", started.error().message}});
        }
    }
    for (const auto& [name, client] : self->clients_) {
        client->helper_started();
    }
}

void Helper::stop() {
    left_ = true;
    if (channel_ != nullptr) {
        channel_->close();
    }
    lose_pending("it is not needed any more");
    if (process_ != nullptr) {
        process_->finish();
    }
}

net::Descriptor Helper::release() {
    if (!running()) {
        return {};
    }
    left_ = true;
    net::Descriptor control = channel_->release();
    lose_pending("it belongs to our successor");
    if (process_ != nullptr) {
        process_->leave();
        net::spawn(loop_.context(), "reaping the WireGuard helper", reap(std::exchange(process_, nullptr)));
    }
    return control;
}

net::Task<> Helper::reap(std::shared_ptr<HelperProcess> process) {
    co_await process->ended(net::Time::max());
}

}  // namespace adit::wireguard
