// Looking at contexts; see tls_notices.h.
#include "connector/tls_notices.h"

namespace adit {
namespace {

/// Empty: all is well.
std::string trouble_of(const tls::Staple& staple, WallTime now) {
    using Status = tls::OcspResponse::Status;
    if (!staple.response) {
        return staple.wanted
                   ? "the certificate asks clients to insist on an OCSP response, and ocsp_response names none"
                   : "";
    }
    if (staple.response->status != Status::good) {
        return staple.response->status == Status::revoked
                   ? "its CA says that the certificate is revoked: the OCSP response is not stapled"
                   : "its CA does not know the certificate: the OCSP response is not stapled";
    }
    return now >= staple.response->next_update ? "the time of the OCSP response is over: it is not stapled" : "";
}

}  // namespace

std::vector<std::string> tls_notices(const Generation& generation, WallTime now) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < generation.listener_tls.size(); ++i) {
        const auto& context = generation.listener_tls[i].context;
        if (!context) {
            continue;
        }
        const auto tell = [&](const std::string& what) {
            all.push_back("listener '" + generation.configuration.listeners[i].name + "'" + what);
        };
        for (const tls::Staple& staple : context->staples()) {
            if (const std::string trouble = trouble_of(staple, now); !trouble.empty()) {
                tell(", certificate '" + staple.subject + "': " + trouble);
            }
        }
        for (const tls::ListFacts& list : context->revocation_lists()) {
            if (now >= list.next_update) {
                tell(": the time of the revocation list of '" + list.issuer +
                     "' is over: clients with certificates of this CA are refused");
            }
        }
    }
    return all;
}

}  // namespace adit
