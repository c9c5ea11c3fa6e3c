// Keys of consistent hashing; see affinity.h.
#include "connector/route/affinity.h"

#include "connector/resilience/ring.h"
#include "connector/route/cookie.h"

namespace adit::route {

std::optional<std::uint64_t> affinity(const config::Balance& balance, const http::Exchange& exchange,
                                      const Passage& passage) {
    if (balance.by != config::Balance::By::hash) {
        return std::nullopt;
    }
    using Of = config::Balance::Key::Of;
    std::optional<std::string_view> key;
    switch (balance.key.of) {
        case Of::consumer:
            key = passage.caller ? std::optional<std::string_view>(passage.caller->consumer) : std::nullopt;
            break;
        case Of::client_ip:
            key = exchange.client_ip;
            break;
        case Of::header:
            if (const http::Field* field = exchange.request.find(balance.key.name)) {
                key = field->value;
            }
            break;
        case Of::cookie:
            key = cookie(exchange.request, balance.key.name);
            break;
    }
    return key ? std::optional(resilience::stable_hash(*key)) : std::nullopt;
}

}  // namespace adit::route
