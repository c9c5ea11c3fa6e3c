// Showing ends; see expiries.h.
#include "connector/expiries.h"

#include <set>

namespace adit {
namespace {

double seconds(WallTime at) {
    return static_cast<double>(std::chrono::system_clock::to_time_t(at));
}

}  // namespace

void Expiries::show_certificates(const Generation& generation) {
    certificates_.clear();  // first: of each set of labels there is one
    for (std::size_t i = 0; i < generation.listener_tls.size(); ++i) {
        if (!generation.listener_tls[i].context) {
            continue;
        }
        std::set<std::string> shown;
        for (const tls::CertificateFacts& one : generation.listener_tls[i].context->certificates()) {
            if (shown.insert(one.subject).second) {
                const std::string& listener = generation.configuration.listeners[i].name;
                certificates_.push_back(std::make_unique<metrics::PassingGauges>(
                    registry_, metrics::Labels{{"listener", listener}, {"subject", one.subject}}));
                certificates_.back()->set("adit_connector_certificate_expires_timestamp_seconds",
                                          "When a certificate of a listener ends, in seconds since 1970.",
                                          seconds(one.not_after));
            }
        }
    }
}

void Expiries::show_keys(const std::vector<TunnelRecord>& tunnels) {
    keys_.clear();
    for (const TunnelRecord& tunnel : tunnels) {
        for (const KeyRecord& key : tunnel.keys) {
            if (key.expires) {
                keys_.push_back(std::make_unique<metrics::PassingGauges>(
                    registry_, metrics::Labels{{"tunnel", tunnel.name}, {"key", key.id}}));
                keys_.back()->set("adit_connector_key_expires_timestamp_seconds",
                                  "When a tunnel's key, and its token, end, in seconds since 1970.",
                                  seconds(*key.expires));
            }
        }
    }
}

}  // namespace adit
