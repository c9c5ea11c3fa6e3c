// From the token to the targets; see diagnose.h.
#include "agent/diagnose/diagnose.h"

#include <iostream>

#include "agent/diagnose/gather.h"
#include "agent/diagnose/judge_wireguard.h"
#include "agent/diagnose/target.h"
#include "agent/diagnose/walk.h"
#include "agent/diagnose/wireguard_walk.h"
#include "common/net/worker.h"

namespace adit::agent {
namespace {

std::optional<protocol::Transport> asked_for(TransportProtocol protocol) {
    return protocol == TransportProtocol::automatic ? std::nullopt
           : protocol == TransportProtocol::tls     ? std::optional(protocol::Transport::tls)
                                                    : std::optional(protocol::Transport::wireguard);
}

/// One run of it, on the calling thread.
class Diagnosis {
  public:
    Diagnosis(const DiagnoseOptions& options, std::shared_ptr<const AllowList> allow)
        : options_(options), allow_(std::move(allow)), worker_(0) {}
    ~Diagnosis() { worker_.finish(); }

    int run();

  private:
    net::Task<> steps();
    Result<token::Token> look_at_token();
    net::Task<> look_at_connectors(const token::Token& token);
    net::Task<std::vector<Findings>> go_by_tls(const token::Token& token);
    net::Task<std::vector<Findings>> go_by_wireguard(const token::Token& token);
    void tell(Findings findings);

    const DiagnoseOptions& options_;
    std::shared_ptr<const AllowList> allow_;
    net::Resolver resolver_;
    net::Worker worker_;
    wireguard::Devices devices_{worker_.loop(), {}};
    Findings all_;
};

int Diagnosis::run() {
    net::spawn(worker_.context(), "the diagnosis", steps());
    worker_.run();
    std::cout << (options_.json ? as_json(all_) : summary(all_)) << std::flush;
    return any_failed(all_) ? 1 : 0;
}

net::Task<> Diagnosis::steps() {
    if (const auto token = look_at_token()) {
        co_await look_at_connectors(*token);
    } else {
        tell({skipped("session", {}, "without a token there is no connector to go to")});
    }
    tell(co_await visit_targets(worker_.loop(), resolver_, allow_));
    worker_.stop();
}

Result<token::Token> Diagnosis::look_at_token() {
    if (!options_.token) {
        tell({judge_no_token()});
        return failure("no token");
    }
    const TokenPlace& place = *options_.token;
    const auto text = read_token(place);
    if (!text) {
        tell({judge_unreadable_token(place, text.error())});
        return std::unexpected(text.error());
    }
    auto token = token::parse(text->reveal());
    tell({judge_token(place, token, place.file ? exposed_mode(*place.file) : std::nullopt,
                      std::chrono::system_clock::now())});
    return token;
}

net::Task<> Diagnosis::look_at_connectors(const token::Token& token) {
    const auto choice = choose_ways({!token.addresses.empty(), token.wireguard.has_value()},
                                    asked_for(options_.run.transport.protocol));
    tell({judge_ways(choice)});
    if (!choice) {
        co_return;
    }
    std::vector<Findings> walks;
    if (choice->ways.tls) {
        walks = co_await go_by_tls(token);
    }
    if (choice->ways.wireguard) {
        std::ranges::move(co_await go_by_wireguard(token), std::back_inserter(walks));
    }
    std::optional<Finding> taken;
    if (choice->ways.tls && choice->ways.wireguard) {
        taken = judge_taken(walks);
    }
    forgive_unreachable(walks);
    for (Findings& findings : walks) {
        tell(std::move(findings));
    }
    if (taken) {
        tell({std::move(*taken)});
    }
}

net::Task<std::vector<Findings>> Diagnosis::go_by_tls(const token::Token& token) {
    std::vector<Findings> by_address;
    const auto proxies = net::ProxyEnvironment::from_process();
    if (!proxies) {
        by_address.push_back({{"proxy",
                               {},
                               Verdict::failed,
                               proxies.error().message,
                               "a proxy's URL, or none",
                               "mend HTTPS_PROXY, or unset it"}});
        co_return by_address;
    }
    const Ground ground{worker_.loop(), resolver_, token, *proxies};
    std::vector<net::Task<std::vector<Findings>>> walks;
    for (const std::string& address : token.addresses) {
        if (auto name = net::HostPort::parse(address)) {
            walks.push_back(walk(ground, std::move(*name)));
        } else {
            by_address.push_back({{"dns", address, Verdict::failed, name.error().message, "HOST:PORT",
                                   "make a new token; tunnels.tls.advertise or --connect names the address"}});
        }
    }
    for (auto& of_name : co_await gather(worker_.loop(), std::move(walks))) {
        std::ranges::move(of_name, std::back_inserter(by_address));
    }
    co_return by_address;
}

net::Task<std::vector<Findings>> Diagnosis::go_by_wireguard(const token::Token& token) {
    const WireGuardGround ground{worker_.loop(), resolver_, devices_, token, options_.run.transport};
    std::vector<Findings> by_address;
    for (const net::HostPort& endpoint : token.wireguard->endpoints) {
        std::ranges::move(co_await walk_wireguard(ground, endpoint), std::back_inserter(by_address));
    }
    co_return by_address;
}

/// People see each step as soon as it is known; JSON is written whole at the end.
void Diagnosis::tell(Findings findings) {
    for (Finding& finding : findings) {
        if (!options_.json) {
            std::cout << as_text(finding) << std::flush;
        }
        all_.push_back(std::move(finding));
    }
}

}  // namespace

int diagnose(const DiagnoseOptions& options) {
    auto allow = read_allow_list(options.run);
    if (!allow) {
        std::cerr << "adit-agent: " << allow.error().message << '\n';
        return 2;
    }
    return Diagnosis(options, std::move(*allow)).run();
}

}  // namespace adit::agent
