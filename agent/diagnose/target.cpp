// See target.h.
#include "agent/diagnose/target.h"

#include "agent/diagnose/gather.h"
#include "agent/diagnose/judge.h"
#include "common/net/connect.h"

namespace adit::agent {
namespace {

constexpr std::chrono::seconds kPatience{5};

net::Task<Finding> visit_target(net::Loop& loop, net::Resolver& resolver, std::shared_ptr<const AllowList> allow,
                                std::string pattern, net::HostPort target) {
    const net::Time started = net::Clock::now();
    const net::Time deadline = loop.now() + kPatience;
    auto addresses = co_await resolver.resolve(loop, target, deadline);
    if (!addresses) {
        co_return judge_target(pattern, &addresses.error(), {});
    }
    std::string denial;
    std::erase_if(*addresses, [&](const net::Address& address) {
        const auto verdict = allow->check_address(address.ip, target.host, target.port);
        if (!verdict) {
            denial = verdict.error();
        }
        return !verdict;
    });
    if (addresses->empty()) {
        const problem::Failure failure = problem::destination_prohibited(denial);
        co_return judge_target(pattern, &failure, {});
    }
    const auto connected = co_await net::connect(loop, std::move(*addresses), deadline, pattern);
    co_return judge_target(pattern, connected ? nullptr : &connected.error(), net::Clock::now() - started);
}

net::Task<Finding> leave_out(std::string pattern) {
    co_return skipped("target", std::move(pattern), "stands for many targets, so there is none to dial");
}

}  // namespace

net::Task<Findings> visit_targets(net::Loop& loop, net::Resolver& resolver, std::shared_ptr<const AllowList> allow) {
    if (allow->patterns().empty()) {
        co_return Findings{{"target",
                            {},
                            Verdict::warning,
                            "nothing is allowed, so every request will be refused",
                            "at least one target",
                            "name what requests may reach with --allow HOST:PORT"}};
    }
    std::vector<net::Task<Finding>> visits;
    for (const AllowPattern& pattern : allow->patterns()) {
        const auto only = pattern.only_target();
        const auto target = only ? net::HostPort::parse(*only) : failure("many");
        visits.push_back(target ? visit_target(loop, resolver, allow, pattern.text(), *target)
                                : leave_out(pattern.text()));
    }
    co_return co_await gather(loop, std::move(visits));
}

}  // namespace adit::agent
