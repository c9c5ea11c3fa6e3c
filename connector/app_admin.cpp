// The operators' door: who gets in, what can be done there, and the lines that are left of it; see app.h.
#include <boost/json.hpp>

#include "common/log/log.h"
#include "connector/app.h"
#include "connector/operators_guard.h"

namespace adit {
namespace {

namespace json = boost::json;

constexpr std::size_t kNamesMost = 100;  ///< of changed parts, in one line

json::object digest_of(const config::Outline& outline) {
    return {{"sha256", outline.digest}};
}

/// As its file has it: fingerprints of keys, and no secret.
json::value shown(const std::optional<TunnelRecord>& tunnel) {
    return tunnel ? json::parse(format_tunnel(*tunnel)) : json::value();
}

/// Ids of keys that an issuer publishes.
json::value shown(const std::set<std::string>& kids) {
    return {{"keys", json::array(kids.begin(), kids.end())}};
}

/// Nobody said that he did it.
status::Caller found_by(const char* who) {
    return {who, "this connector"};
}

/// Which parts of the configuration are others; names alone.
json::object with_changes(json::object digest, const std::vector<std::string>& names) {
    json::array shown(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesMost)));
    digest["changed"] = std::move(shown);
    if (names.size() > kNamesMost) {
        digest["changed_in_all"] = names.size();
    }
    return digest;
}

}  // namespace

Result<> App::prepare_admin() {
    const config::Admin& admin = *generation_->configuration.admin;
    auto guard = guard_of(admin);
    if (!guard) {
        return std::unexpected(std::move(guard.error()));
    }
    audit_.advise_by([this](std::string_view error) { return sandbox::advice(sandbox_, error); });
    if (auto used = audit_.use(admin.audit); !used) {
        return used;
    }
    status_ = std::make_unique<status::Server>(main_worker().loop());
    status_->guard(std::move(*guard));
    status_->on_refusal([this](const status::Asked& asked, const status::Refusal& refusal) {
        admin_metrics_.refused(refusal.why);
        if (refusal.wrong_proof()) {
            guesses_.note(std::chrono::system_clock::now(), asked.caller.from);
        }
        // Who reads and has nothing to show has often just lost his way; who shows what is wrong may be guessing.
        if (asked.changes || refusal.wrong_proof()) {
            audit_.write_refused(
                {.by = asked.caller, .what = "request", .request = asked.request, .reason = refusal.reason},
                net::Clock::now());
        }
    });
    serve_operators(*status_);
    return status_->listen(admin.address,
                           {.port = true, .successor = succeeding_, .mode = admin.mode, .group = admin.group});
}

/// A reload by the admin interface is not made when it cannot be written down. What nobody asked for is made all the
/// same, such as a certificate that was renewed: a full disk shall not end it.
Result<> App::record_reload(const std::vector<ReloadAsked>& asked, const Generation& made) {
    const config::Outline& was = generation_->configuration.outline;
    const config::Outline& now = made.configuration.outline;
    const json::object after = with_changes(digest_of(now), config::changed_parts(was, now));
    bool by_itself = false;
    Result<> outcome;
    for (const ReloadAsked& one : asked) {
        by_itself = by_itself || one.by_itself;
        auto written = audit_.write(
            {.by = one.by, .what = "reload", .request = one.request, .before = digest_of(was), .after = after});
        if (!written) {
            logging::error("a reload is not in the audit log",
                           {{"who", one.by.who}, {"reason", written.error().message}});
            outcome = std::move(written);
        }
    }
    return by_itself ? Result<>() : outcome;
}

void App::record_failed_reload(const ReloadAsked& one, const Error& why) {
    auto written = audit_.write({.by = one.by,
                                 .what = "reload",
                                 .request = one.request,
                                 .before = digest_of(generation_->configuration.outline),
                                 .outcome = "failed",
                                 .reason = why.message});
    if (!written) {
        logging::error("a failed reload is not in the audit log", {{"reason", written.error().message}});
    }
}

/// Whoever may write there lets agents in, by whatever way the file came.
void App::record_tunnels() {
    for (const StoreWatch::Change& change : store_->take_changes()) {
        record_found({.by = found_by("file change"),
                      .what = "tunnel file",
                      .subject = (change.after ? change.after : change.before)->name,
                      .before = shown(change.before),
                      .after = shown(change.after)});
    }
}

/// Whoever may write there signs tokens as the issuer.
void App::record_keys(const credential::Issuers& issuers) {
    for (const auto& [name, issuer] : issuers) {
        for (const auto& change : issuer->take_changes()) {
            record_found({.by = found_by(change.by_schedule ? "schedule" : "file change"),
                          .what = "issuer keys",
                          .subject = name,
                          .before = shown(change.before),
                          .after = shown(change.after)});
        }
    }
}

/// What has been found counts without a line, too: it may take a key back.
void App::record_found(const Change& change) {
    if (auto written = audit_.write(change); !written) {
        logging::error("a change is not in the audit log",
                       {{"what", change.what}, {"subject", change.subject}, {"reason", written.error().message}});
    }
}

void App::serve_reload(status::Server& server) {
    server.add_action("/reload", [this](const status::Asked& asked, const status::Server::Tell& tell) {
        reload({.why = "the reload command",
                .by = asked.caller,
                .request = asked.request,
                .by_itself = false,
                .done = [tell](const Result<>& reloaded) {
                    json::object body{{"ok", reloaded.has_value()}};
                    if (!reloaded) {
                        body["errors"] = reloaded.error().message;
                    }
                    // What the configuration says is wrong, or what we could not do.
                    tell({reloaded                 ? 200
                          : reloaded.error().usage ? 422
                                                   : 503,
                          "application/json", json::serialize(body) + "\n"});
                }});
    });
}

}  // namespace adit
