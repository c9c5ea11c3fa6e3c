// getaddrinfo on threads; see resolver.h.
#include "common/net/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "common/net/alarm.h"

namespace adit::net {
namespace {

/// What a look-up thread and a waiting coroutine share; whoever comes last frees it.
struct Lookup {
    HostPort host;
    std::vector<Address> addresses;
    std::string error;
    bool done = false;
    Waiter* waiter = nullptr;  ///< loop's thread only; null once the coroutine has gone
};

std::vector<Address> interleave(const addrinfo* list, std::uint16_t port) {
    std::vector<Address> six;
    std::vector<Address> four;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_family == AF_INET6) {
            const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry->ai_addr);
            boost::asio::ip::address_v6::bytes_type bytes;
            std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
            six.push_back({boost::asio::ip::address_v6(bytes, v6->sin6_scope_id), port});
        } else if (entry->ai_family == AF_INET) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
            four.push_back({boost::asio::ip::address_v4(ntohl(v4->sin_addr.s_addr)), port});
        }
    }
    std::vector<Address> mixed;
    for (std::size_t i = 0; i < std::max(six.size(), four.size()); ++i) {
        if (i < six.size()) {
            mixed.push_back(six[i]);
        }
        if (i < four.size()) {
            mixed.push_back(four[i]);
        }
    }
    return mixed;
}

void look_up(Lookup& lookup) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(lookup.host.host.c_str(), nullptr, &hints, &list);
    if (code != 0 && is_localhost(lookup.host.host)) {
        const std::uint16_t port = lookup.host.port;
        lookup.addresses = {{boost::asio::ip::address_v4::loopback(), port},
                            {boost::asio::ip::address_v6::loopback(), port}};
        return;
    }
    if (code != 0) {
        lookup.error = ::gai_strerror(code);
        return;
    }
    lookup.addresses = interleave(list, lookup.host.port);
    ::freeaddrinfo(list);
}

/// Detaches the coroutine from the look-up when it leaves, by whichever way.
struct Interest {
    std::shared_ptr<Lookup> lookup;
    ~Interest() { lookup->waiter = nullptr; }
};

}  // namespace

Resolver::~Resolver() {
    if (pool_) {
        pool_->stop();
        pool_->join();
    }
}

Task<Resolver::Answer> Resolver::resolve(Loop& loop, HostPort host, Time deadline) {
    if (const auto literal = host.literal()) {
        co_return std::vector{*literal};
    }
    {
        const std::lock_guard lock(starting_);
        if (!pool_) {
            pool_ = std::make_unique<boost::asio::thread_pool>(kThreads);
        }
    }
    Waiter done(loop);
    const auto lookup = std::make_shared<Lookup>();
    lookup->host = host;
    lookup->waiter = &done;
    const Interest interest{lookup};
    Alarm timeout(loop, done);
    timeout.set(deadline);
    boost::asio::post(*pool_, [lookup, context = &loop.context()] {
        look_up(*lookup);
        boost::asio::post(*context, [lookup] {
            lookup->done = true;
            if (lookup->waiter != nullptr) {
                lookup->waiter->wake();
            }
        });
    });
    while (!lookup->done && !timeout.passed()) {
        co_await done.wait();
    }
    if (!lookup->done) {
        co_return std::unexpected(problem::dns_timeout(host.host));
    }
    if (!lookup->error.empty() || lookup->addresses.empty()) {
        co_return std::unexpected(
            problem::dns_error(host.host + ": " + (lookup->error.empty() ? "the name has no address" : lookup->error)));
    }
    co_return std::move(lookup->addresses);
}

}  // namespace adit::net
