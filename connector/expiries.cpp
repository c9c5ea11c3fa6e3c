// Showing ends; see expiries.h.
#include "connector/expiries.h"

#include <set>

namespace adit {
namespace {

double seconds(WallTime at) {
    return static_cast<double>(std::chrono::system_clock::to_time_t(at));
}

}  // namespace

void Expiries::show(const std::string& listener, const char* label, const std::string& of, const char* gauge,
                    const char* help, WallTime at) {
    certificates_.push_back(
        std::make_unique<metrics::PassingGauges>(registry_, metrics::Labels{{"listener", listener}, {label, of}}));
    certificates_.back()->set(gauge, help, seconds(at));
}

void Expiries::show_certificates(const Generation& generation) {
    certificates_.clear();  // first: of each set of labels there is one
    for (std::size_t i = 0; i < generation.listener_tls.size(); ++i) {
        const auto& context = generation.listener_tls[i].context;
        if (!context) {
            continue;
        }
        const std::string& listener = generation.configuration.listeners[i].name;
        std::set<std::string> shown;
        for (const tls::CertificateFacts& one : context->certificates()) {
            if (shown.insert(one.subject).second) {
                show(listener, "subject", one.subject, "adit_connector_certificate_expires_timestamp_seconds",
                     "When a certificate of a listener ends, in seconds since 1970.", one.not_after);
            }
        }
        shown.clear();
        for (const tls::Staple& one : context->staples()) {
            if (one.response && shown.insert(one.subject).second) {
                show(listener, "subject", one.subject, "adit_connector_ocsp_response_expires_timestamp_seconds",
                     "When the OCSP response of a certificate ends and is stapled no more, in seconds since 1970.",
                     one.response->next_update);
            }
        }
        shown.clear();
        for (const tls::ListFacts& one : context->revocation_lists()) {
            if (one.next_update != WallTime::max() && shown.insert(one.issuer).second) {
                show(listener, "issuer", one.issuer, "adit_connector_revocation_list_expires_timestamp_seconds",
                     "When a revocation list ends, and with it the trust in clients of its CA, in seconds since 1970.",
                     one.next_update);
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
