// getaddrinfo on threads; see resolver.h.
#include "common/net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "common/net/alarm.h"

namespace adit::net {
namespace {

std::vector<boost::asio::ip::address> interleave(const addrinfo* list) {
    std::vector<boost::asio::ip::address> six;
    std::vector<boost::asio::ip::address> four;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_family == AF_INET6) {
            const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry->ai_addr);
            boost::asio::ip::address_v6::bytes_type bytes;
            std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
            six.emplace_back(boost::asio::ip::address_v6(bytes, v6->sin6_scope_id));
        } else if (entry->ai_family == AF_INET) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
            four.emplace_back(boost::asio::ip::address_v4(ntohl(v4->sin_addr.s_addr)));
        }
    }
    std::vector<boost::asio::ip::address> mixed;
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

/// As long as it lives, getaddrinfo on this thread asks for names as they stand. A final dot would say the same to DNS,
/// but hide the name from /etc/hosts.
class WithoutSearch {
  public:
    WithoutSearch() {
        ::res_init();  // a state that was changed is not refreshed from resolv.conf by itself
        before_ = _res.options;
        _res.options &= ~(RES_DNSRCH | RES_DEFNAMES);
    }
    WithoutSearch(const WithoutSearch&) = delete;
    WithoutSearch& operator=(const WithoutSearch&) = delete;
    ~WithoutSearch() { _res.options = before_; }

  private:
    decltype(_res.options) before_;
};

int ask_system(const std::string& host, addrinfo*& list) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    if (host.size() > 1 && host.ends_with('.')) {
        const WithoutSearch absolute;
        return ::getaddrinfo(host.substr(0, host.size() - 1).c_str(), nullptr, &hints, &list);
    }
    return ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
}

Resolver::Found look_up_at_system(const std::string& host) {
    addrinfo* list = nullptr;
    const int code = ask_system(host, list);
    if (code != 0 && is_localhost(host)) {
        return {{boost::asio::ip::address_v4::loopback(), boost::asio::ip::address_v6::loopback()}, {}};
    }
    if (code != 0) {
        return {{}, ::gai_strerror(code)};
    }
    Resolver::Found found{interleave(list), {}};
    ::freeaddrinfo(list);
    return found;
}

}  // namespace

/// A coroutine that waits for a look-up, as the threads know it.
struct Resolver::Asker {
    Loop* loop;
    Waiter* waiter;                      ///< loop's thread only; null once the coroutine has gone
    std::shared_ptr<const Found> found;  ///< loop's thread only
};

struct Resolver::Lookup {
    const std::string* host;
    std::unordered_set<std::shared_ptr<Asker>> askers;
    std::list<Lookup*>::iterator place;  ///< in the queue
    bool under_way = false;
};

/// Detaches the coroutine from the look-up when it leaves, by whichever way.
class Resolver::Interest {
  public:
    Interest(Resolver& resolver, const std::string& host, std::shared_ptr<Asker> asker)
        : resolver_(resolver), host_(host), asker_(std::move(asker)) {}
    Interest(const Interest&) = delete;
    Interest& operator=(const Interest&) = delete;
    ~Interest() {
        asker_->waiter = nullptr;
        resolver_.leave(host_, asker_);
    }

  private:
    Resolver& resolver_;
    const std::string& host_;
    std::shared_ptr<Asker> asker_;
};

Resolver::Resolver() : Resolver(look_up_at_system) {}

Resolver::Resolver(LookUp look_up) : look_up_(std::move(look_up)) {}

Resolver::~Resolver() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    if (pool_) {
        pool_->join();
    }
}

Task<Resolver::Answer> Resolver::resolve(Loop& loop, HostPort host, Time deadline, CallOff* call_off) {
    if (const auto literal = host.literal()) {
        co_return std::vector{*literal};
    }
    const auto called_off = [call_off] { return call_off != nullptr && call_off->called(); };
    Waiter done(loop);
    const CallOff::Wakes wakes(call_off, done);
    const std::shared_ptr<Asker> asker = called_off() ? nullptr : ask(host.host, loop, done);
    if (!asker && !called_off()) {
        co_return std::unexpected(
            problem::dns_error(host.host + ": not looked up, because too many other names wait for that"));
    }
    if (asker) {
        const Interest interest(*this, host.host, asker);
        Alarm timeout(loop, done);
        timeout.set(deadline);
        while (!asker->found && !timeout.passed() && !called_off()) {
            co_await done.wait();
        }
    }
    if (called_off()) {
        co_return std::unexpected(problem::connection_failed(host.host + ": called off"));
    }
    if (!asker->found) {
        co_return std::unexpected(problem::dns_timeout(host.host));
    }
    const auto& [found, error] = *asker->found;
    if (found.empty()) {
        co_return std::unexpected(
            problem::dns_error(host.host + ": " + (error.empty() ? "the name has no address" : error)));
    }
    std::vector<Address> addresses;
    std::ranges::transform(found, std::back_inserter(addresses),
                           [&](const boost::asio::ip::address& ip) { return Address{ip, host.port}; });
    co_return addresses;
}

/// Null when too many names wait.
std::shared_ptr<Resolver::Asker> Resolver::ask(const std::string& host, Loop& loop, Waiter& waiter) {
    const std::lock_guard lock(mutex_);
    auto lookup = lookups_.find(host);
    if (lookup == lookups_.end()) {
        if (queue_.size() >= kQueuedMost) {
            return nullptr;
        }
        lookup = lookups_.try_emplace(host).first;
        lookup->second.host = &lookup->first;
        lookup->second.place = queue_.insert(queue_.end(), &lookup->second);
        start_thread();
    }
    auto asker = std::make_shared<Asker>(&loop, &waiter);
    lookup->second.askers.insert(asker);
    return asker;
}

void Resolver::leave(const std::string& host, const std::shared_ptr<Asker>& asker) {
    const std::lock_guard lock(mutex_);
    const auto lookup = lookups_.find(host);  // it may be that of others, who came after the answer
    if (lookup == lookups_.end() || lookup->second.askers.erase(asker) == 0) {
        return;
    }
    if (lookup->second.askers.empty() && !lookup->second.under_way) {
        queue_.erase(lookup->second.place);
        lookups_.erase(lookup);
    }
}

/// With the lock held.
void Resolver::start_thread() {
    if (working_ == kThreads) {
        return;
    }
    if (!pool_) {
        pool_ = std::make_unique<boost::asio::thread_pool>(kThreads);
    }
    ++working_;
    boost::asio::post(*pool_, [this] { work(); });
}

/// On a thread of the pool, until no name waits.
void Resolver::work() {
    std::unique_lock lock(mutex_);
    while (!queue_.empty() && !ending_) {
        Lookup& lookup = *queue_.front();
        queue_.pop_front();
        lookup.under_way = true;  // from here on it is erased here only
        const std::string host = *lookup.host;
        lock.unlock();
        const auto found = std::make_shared<const Found>(look_up_(host));
        lock.lock();
        // As long as a coroutine is listed, its loop is there: it takes itself off the list, which needs the lock.
        for (const std::shared_ptr<Asker>& asker : lookup.askers) {
            boost::asio::post(asker->loop->context(), [asker, found] {
                asker->found = found;
                if (asker->waiter != nullptr) {
                    asker->waiter->wake();
                }
            });
        }
        lookups_.erase(host);
    }
    --working_;
}

}  // namespace adit::net
