// Asking: calls, probes, and what their ends mean; see redis.h.
#include "connector/state/redis.h"

#include "common/net/spawn.h"
#include "connector/state/scripts.h"

namespace adit::state {
namespace {

/// The server as it is will not serve the next call either: another one may be master, or it has to be greeted anew.
bool ends_link(std::string_view code) {
    return code == "READONLY" || code == "LOADING" || code == "MASTERDOWN" || code == "NOAUTH" || code == "NOPERM";
}

}  // namespace

std::string_view name(Trouble trouble) {
    switch (trouble) {
        case Trouble::none_configured:
            return "none";
        case Trouble::away:
            return "away";
        case Trouble::late:
            return "late";
        case Trouble::refused:
            return "refused";
    }
    return "unknown";
}

Redis::Redis(net::Loop& loop, net::Resolver& resolver, StateMetrics& metrics, std::string client, Watcher watcher)
    : loop_(loop),
      resolver_(resolver),
      metrics_(metrics),
      client_(std::move(client)),
      watcher_(std::move(watcher)),
      backoff_({.base = std::chrono::milliseconds(50),
                .cap = std::chrono::milliseconds(2'000),
                .stable = std::chrono::milliseconds(5'000)}),
      changed_(loop),
      attention_(loop) {}

void Redis::use(std::shared_ptr<const Settings> settings) {
    if (settings == settings_ ||
        (settings && settings_ && settings->of == settings_->of && settings->tls == settings_->tls)) {
        return;
    }
    settings_ = std::move(settings);
    if (link_) link_->end(net::Errc::aborted);
    if (!settings_) ready_ = false;
    trust_ = {};
    standing_ = {.configured = settings_ != nullptr, .since = std::chrono::system_clock::now()};
    watcher_(standing_);
    changed_.wake();
    if (settings_ && !running_) {
        running_ = true;
        net::spawn(loop_.context(), "the way to Redis", run());
        net::spawn(loop_.context(), "probes of Redis", attend());
    }
}

bool Redis::answers() const {
    return settings_ && ready_ && link_->usable() &&
           trust_.may_ask(net::Clock::now(), link_->oldest(), settings_->of.timeout);
}

std::string Redis::key(std::string_view kind, std::string_view rest) const {
    std::string key = settings_->of.prefix;
    key.append(":").append(kind).append(":").append(rest);
    return key;
}

net::Task<Answer> Redis::call(ScriptCall call) {
    if (!settings_) co_return std::unexpected(Trouble::none_configured);
    if (!answers()) {
        metrics_.not_asked.Increment();
        co_return std::unexpected(Trouble::away);
    }
    const net::Time deadline = net::Clock::now() + settings_->of.timeout;
    std::string command;
    call.append_to(command, ScriptCall::Form::by_name);
    Answer answer = co_await exchange(std::move(command), deadline);
    if (answer && answer->code() == "NOSCRIPT") {
        load_scripts();
        command.clear();
        call.append_to(command, ScriptCall::Form::whole);
        answer = co_await exchange(std::move(command), deadline);
    }
    co_return answer;
}

/// It has forgotten one, so it has forgotten all; and those who only tell would not hear of it.
void Redis::load_scripts() {
    for (const Script* script : scripts()) {
        if (link_) link_->send(plain_command({"SCRIPT", "LOAD", script->source}), nullptr);
    }
}

void Redis::tell(const ScriptCall& call) {
    if (!answers()) return;
    std::string command;
    call.append_to(command, ScriptCall::Form::by_name);
    link_->send(command, nullptr);
}

net::Task<Answer> Redis::exchange(std::string command, net::Time deadline) {
    Awaited awaited(loop_);
    const net::Time begin = net::Clock::now();
    if (!link_ || !link_->send(command, &awaited)) co_return std::unexpected(Trouble::away);
    const Reply* const reply = co_await awaited.reply(deadline);
    const auto took = net::Clock::now() - begin;
    if (reply != nullptr) co_return judged(*reply, took);
    if (awaited.cut_off()) {
        metrics_.failed(name(Trouble::away)).Increment();
        co_return std::unexpected(Trouble::away);  // run() tells why
    }
    late(begin);
    co_return std::unexpected(Trouble::late);
}

Answer Redis::judged(Reply reply, std::chrono::nanoseconds took) {
    lag_.store(took.count(), std::memory_order_relaxed);
    metrics_.round_trip.Observe(std::chrono::duration<double>(took).count());
    if (reply.is_error() && reply.code() != "NOSCRIPT") {
        const std::string code(reply.code());
        failed(Trouble::refused, reply.text);
        if (ends_link(code) && link_) link_->end(net::Errc::aborted);
        return std::unexpected(Trouble::refused);
    }
    trust_.answered();
    note();
    return reply;
}

void Redis::late(net::Time sent) {
    const bool rested = trust_.resting();
    metrics_.failed(name(Trouble::late)).Increment();
    trust_.late(sent, net::Clock::now());
    standing_.trouble = "no answer within " + std::to_string(settings_ ? settings_->of.timeout.count() : 0) + " ms";
    if (!rested && trust_.resting()) attention_.wake();
    note();
}

void Redis::failed(Trouble trouble, const std::string& words) {
    const bool rested = trust_.resting();
    metrics_.failed(name(trouble)).Increment();
    trust_.failed();
    standing_.trouble = words;
    if (!rested && trust_.resting()) attention_.wake();
    note();
}

void Redis::note() {
    const bool answers_now = settings_ && ready_ && !trust_.resting();
    if (answers_now == standing_.answers) return;
    standing_.answers = answers_now;
    standing_.since = std::chrono::system_clock::now();
    watcher_(standing_);
}

/// Knows before requests do whether the server answers; and when it rests, is the only one to ask.
net::Task<> Redis::attend() {
    net::Alarm alarm(loop_, attention_);
    for (;;) {
        alarm.set(loop_.now() + trust_.next_probe());
        co_await attention_.wait();
        if (!alarm.passed() || !settings_ || !ready_) continue;
        trust_.probes();
        const net::Time deadline = net::Clock::now() + settings_->of.timeout;
        // A write: a replica, or a server without memory, would answer a PING as if all were well.
        std::string probe = plain_command({"SET", key("probe", client_), "1", "PX", "1000"});
        static_cast<void>(co_await exchange(std::move(probe), deadline));
    }
}

}  // namespace adit::state
