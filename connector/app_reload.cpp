// Taking a changed configuration into service, all of it or nothing; see app.h.
#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>

#include "common/log/log.h"
#include "connector/app.h"
#include "connector/generation_circuits.h"
#include "connector/generation_degrading.h"
#include "connector/generation_resilience.h"
#include "connector/operators_guard.h"
#include "connector/tls_notices.h"

namespace adit {
namespace {

/// The rest of the new configuration takes effect all the same.
void warn_of_fixed(const FixedSettings& fixed, const config::Configuration& now) {
    for (const std::string& key : fixed.changed_in(now)) {
        logging::warn("a change of this takes effect when the connector is started anew", {{"key", key}});
    }
}

}  // namespace

void App::reload(ReloadAsked asked) {
    if (drain_started_ || !listening_) {
        const Result<> refused =
            failure(drain_started_ ? "this connector is leaving" : "this connector is not serving yet");
        record_failed_reload(asked, refused.error());
        return asked.done(refused);
    }
    telemetry_.reopen();  // a good configuration or not: files may have been moved aside
    reloads_asked_.push_back(std::move(asked));
    if (!reloading_) {
        begin_reload();
    }
}

/// The log's form and sinks, and where spans go, as the current generation says.
void App::take_up_telemetry(telemetry::Telemetry::Plan plan) {
    const config::Log& log = generation_->configuration.log;
    // What is no stream is read by programs; whether a stream is read by a person the log finds out itself.
    const bool streams = std::ranges::all_of(
        log.sinks, [](const config::LogSink& sink) { return sink.error_stream || sink.output_stream; });
    const bool chosen = log.format != logging::Format::automatic;
    logging::set_up(log.level, chosen || streams ? log.format : logging::Format::json);
    telemetry_.adopt(std::move(plan));
    for (const auto& side : sides_) {
        side->worker().post([side = side.get(), traces = telemetry_.traces()] { side->trace_to(traces); });
    }
}

/// Settings of what outlives generations, as the current one says.
void App::take_up_resilience() {
    fabric_.overload.configure(generation_->configuration.shed);
    use_circuits(*generation_);
    use_retries(*generation_);
    fabric_.webhooks.adopt(*generation_->webhooks);
    take_up_degrading(generation_->configuration, fabric_);
    expiries_.show_certificates(*generation_);
    for (const std::string& notice : tls_notices(*generation_, std::chrono::system_clock::now())) {
        logging::warn(notice);
    }
}

/// One reading is for all who asked before it began; who asks while it goes on may have changed the file since.
void App::begin_reload() {
    reloading_ = true;
    watched_.catch_up();
    reloader_->make(generation_, [this, asked = std::exchange(reloads_asked_, {})](const Reloader::Made& made) {
        finish_reload(asked, made);
    });
}

void App::finish_reload(const std::vector<ReloadAsked>& asked, const Reloader::Made& made) {
    Result<> changed = drain_started_ ? failure("this connector is leaving")
                       : made         ? change_generation(*made, asked)
                                      : Result<>(std::unexpected(made.error()));
    if (!changed) {
        changed.error().message += sandbox::hint(sandbox_, changed.error().message);
    }
    if (!changed) {
        for (const ReloadAsked& one : asked) {
            record_failed_reload(one, changed.error());
        }
        return tell_reloaded(asked, changed);
    }
    tell_notices(generation_->configuration);
    // Who is told that it was reloaded finds every worker serving by it.
    after_workers([this, asked] { tell_reloaded(asked, {}); });
}

/// Counters, the log, and who asked. Only then comes the next one, so that what is told keeps the order.
void App::tell_reloaded(const std::vector<ReloadAsked>& asked, const Result<>& changed) {
    metrics_.reloaded(changed.has_value());
    refused_ = changed ? std::nullopt
                       : std::optional(RefusedConfiguration{std::chrono::system_clock::now(), changed.error().message});
    const std::string& why = asked.front().why;
    if (changed) {
        const config::Configuration& now = generation_->configuration;
        logging::info("configuration reloaded", {{"why", why},
                                                 {"listeners", now.listeners.size()},
                                                 {"backends", now.backends.size()},
                                                 {"routes", now.routes.size()}});
    } else {
        logging::error("the configuration was not reloaded, the one before serves on",
                       {{"why", why}, {"reason", changed.error().message}});
    }
    for (const ReloadAsked& one : asked) {
        one.done(changed);
    }
    reloading_ = false;
    if (!reloads_asked_.empty()) {
        begin_reload();
    }
}

/// Calls `then` on this thread when every worker has done what was posted to it before.
void App::after_workers(const std::function<void()>& then) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(sides_.size());
    for (const auto& side : sides_) {
        side->worker().post([this, left, then] {
            if (left->fetch_sub(1) == 1) {
                sides_.front()->worker().post(then);
            }
        });
    }
}

Result<> App::change_generation(const std::shared_ptr<const Generation>& made, const std::vector<ReloadAsked>& asked) {
    sandbox::look_again(sandbox_, registry_);
    if (auto stands = sandbox::check_required(sandbox_); !stands) {
        return stands;
    }
    auto telemetry = telemetry_.prepare(made->configuration.log, made->configuration.tracing);
    if (!telemetry) {
        return std::unexpected(std::move(telemetry.error()));
    }
    const auto& was = generation_->configuration;
    const auto& now = made->configuration;
    std::vector<std::size_t> added;
    for (std::size_t i = 0; i < now.listeners.size(); ++i) {
        const bool known = std::ranges::any_of(was.listeners, [&](const config::Listener& listener) {
            return listener.name == now.listeners[i].name && listener.address == now.listeners[i].address;
        });
        if (!known) {
            added.push_back(i);
        }
    }
    auto bound = bind(*made, added);
    if (!bound) {
        return std::unexpected(std::move(bound.error()));
    }
    auto guard = guard_of(now.admin);
    const std::filesystem::path audit_file = now.admin ? now.admin->audit : std::filesystem::path();
    const bool moves = status_ && audit_file != (was.admin ? was.admin->audit : std::filesystem::path());
    const Result<> usable = !guard ? std::unexpected(guard.error()) : moves ? AuditLog().use(audit_file) : Result<>();
    if (!usable) {
        return usable;
    }
    if (auto recorded = record_reload(asked, *made); !recorded) {
        return recorded;
    }
    // From here on nothing can fail, but for the kernel refusing to listen on what it let us bind.
    warn_of_fixed(*fixed_, now);
    retired_.push_back(std::exchange(generation_, made));
    take_up_telemetry(std::move(*telemetry));
    take_up_resilience();
    if (status_ && now.admin) {
        if (fixed_->guards_our_door(now)) {
            status_->guard(std::move(*guard));
        } else {
            logging::warn("admin.address is another one than this connector was started with: who may ask there stays",
                          {{"address", status_->address().text()}});
        }
        if (auto moved = moves ? audit_.use(audit_file) : Result<>(); !moved) {
            logging::error("the audit log stays where it was", {{"reason", moved.error().message}});
        }
    }
    watched_.follow(generation_->files());
    generation_->prefetch();
    fabric_.state->use(generation_->state);
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        auto sockets = std::make_shared<Bound::value_type>(std::move((*bound)[i]));
        sides_[i]->worker().post([side = sides_[i].get(), generation = generation_, sockets] {
            side->adopt(generation);
            for (auto& [listener, socket] : *sockets) {
                if (auto listening = side->listen(listener, std::move(socket)); !listening) {
                    logging::error("cannot listen", {{"reason", listening.error().message}});
                }
            }
        });
    }
    return {};
}

/// Generations that no exchange and no worker uses any more are taken apart where that holds nobody up.
void App::dispose_retired() {
    std::erase_if(retired_, [this](std::shared_ptr<const Generation>& generation) {
        const bool ours_alone = generation.use_count() == 1;
        if (ours_alone) {
            reloader_->dispose(std::move(generation));
        }
        return ours_alone;
    });
}

}  // namespace adit
