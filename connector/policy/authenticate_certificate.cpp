// The policy `mtls`: a certificate that the client has shown to the listener, which has verified it.
#include "connector/policy/authenticators.h"

namespace adit::policy {
namespace {

using Unlisted = config::MtlsPolicy::Unlisted;

class Mtls final : public Authenticator {
  public:
    Mtls(std::string name, const config::MtlsPolicy& policy, std::shared_ptr<const Consumers> consumers)
        : Authenticator(std::move(name)), policy_(policy), consumers_(std::move(consumers)) {}

    std::optional<Finding> look(const Visit& visit) const override {
        if (visit.certificate == nullptr) {
            return Finding::absent();
        }
        const tls::PeerCertificate& certificate = *visit.certificate;
        // A connection may live longer than the certificate that opened it, and a resumed session shows it again.
        if (visit.now > certificate.not_after) {
            return Finding::refused("the client certificate has expired");
        }
        if (CallerPtr caller = consumers_->by_certificate(certificate)) {
            return Finding::good(std::move(caller));
        }
        const std::string name = policy_.unlisted == Unlisted::common_name ? certificate.common_name
                                 : policy_.unlisted == Unlisted::first_san ? first_san(certificate)
                                                                           : std::string();
        if (name.empty()) {
            return Finding::refused("no consumer lists this client certificate");
        }
        return Finding::good(std::make_shared<const access::Caller>(
            access::Caller{.consumer = name, .project = name, .environment = {}, .attributes = {}, .by = "mtls"}));
    }

  private:
    /// Without its kind.
    static std::string first_san(const tls::PeerCertificate& certificate) {
        if (certificate.sans.empty()) {
            return {};
        }
        const std::string& san = certificate.sans.front();
        return san.substr(san.find(':') + 1);
    }

    const config::MtlsPolicy policy_;
    const std::shared_ptr<const Consumers> consumers_;
};

}  // namespace

std::shared_ptr<const Authenticator> make_mtls(std::string name, const config::MtlsPolicy& policy,
                                               std::shared_ptr<const Consumers> consumers) {
    return std::make_shared<const Mtls>(std::move(name), policy, std::move(consumers));
}

}  // namespace adit::policy
