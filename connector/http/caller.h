// Who asks: the peer of the connection, or whom the trusted proxies before us name. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/network.h"
#include "connector/http/message.h"

namespace adit::http {

/// The field in which trusted proxies say for whom they ask. Only one of them counts: what the proxies do not write
/// themselves passes through them as the client wrote it.
enum class CallerField : std::uint8_t { x_forwarded_for, forwarded };

/// The proxies before a listener that may say for whom they ask.
struct Trust {
    std::vector<net::Network> proxies;  ///< empty: nobody
    CallerField field = CallerField::x_forwarded_for;

    bool includes(const boost::asio::ip::address& address) const;
};

/// What a trusted proxy has told.
struct Caller {
    std::string address;        ///< in its usual form
    std::optional<bool> https;  ///< whether the caller used it, where that was told
};

/// The right-most hop that is no trusted proxy; the left-most when all of them are. Walking ends at what is no address
/// ("unknown", RFC 7239 §6.2), since nobody vouches for what stands further left. `peer` is trusted;
/// nothing when it names nobody.
std::optional<Caller> find_caller(const RequestHead& request, const boost::asio::ip::address& peer, const Trust& trust);

}  // namespace adit::http
