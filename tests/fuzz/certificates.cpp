// A certificate (DER), as a client or an agent shows it: the names that rules, fields and logs are made of, and what a
// table for operators has.
#include <openssl/x509.h>

#include <algorithm>
#include <string>

#include "common/tls/certificate.h"
#include "common/tls/ocsp.h"
#include "common/tls/peer_certificate.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

bool is_plain(std::string_view name) {
    return std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void demand_names(const tls::PeerCertificate& shown) {
    fuzz::demand(is_plain(shown.subject) && shown.subject.size() <= 1024, "a subject is one line, and bounded");
    fuzz::demand(is_plain(shown.common_name) && shown.common_name.size() <= 1024, "and so is its name");
    fuzz::demand(shown.sans.size() <= 100, "names are bounded");
    for (const std::string& san : shown.sans) {
        fuzz::demand(is_plain(san) && san.size() <= 1030, "and so is each of them");
        const std::string kind = san.substr(0, san.find(':') + 1);
        fuzz::demand(
            (kind == "dns:" || kind == "uri:" || kind == "email:" || kind == "ip:") && san.size() > kind.size(),
            "a name has a kind that a rule can ask for");
    }
    fuzz::demand(shown.spki.size() == 43, "a key has a digest");
    fuzz::demand(shown.serial.size() <= 128, "a serial number is bounded");
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
    const tls::Certificate certificate(d2i_X509(nullptr, &bytes, static_cast<long>(input.size())));
    if (certificate.native() == nullptr) {
        return;  // then the handshake fails
    }
    const tls::PeerCertificate shown = tls::peer_certificate_of(certificate.native());
    demand_names(shown);
    const tls::CertificateFacts facts = tls::facts_of(certificate.native());
    demand(is_plain(facts.subject) && facts.subject.size() <= 256, "a table has one line for it");
    demand(is_plain(facts.issuer) && facts.issuer.size() <= 256, "and for who has issued it");
    demand(facts.spki.text() == shown.spki && facts.not_after == shown.not_after, "both say the same");
    static_cast<void>(tls::must_staple(certificate.native()));
}
