// The way to one address of a connector: TCP, proxy, TLS, session; each step as the agent itself takes it.
#pragma once

#include <vector>

#include "agent/diagnose/finding.h"
#include "common/net/proxy_environment.h"
#include "common/net/resolver.h"
#include "common/net/task.h"
#include "common/token/token.h"

namespace adit::agent {

/// What every walk uses. Borrowed: it outlives the walks. On the loop's thread.
struct Ground {
    net::Loop& loop;
    net::Resolver& resolver;
    const token::Token& token;
    const net::ProxyEnvironment& proxies;
};

/// The findings for one of the token's names, by address; the first ones are about the name itself.
net::Task<std::vector<Findings>> walk(const Ground& ground, net::HostPort name);

}  // namespace adit::agent
