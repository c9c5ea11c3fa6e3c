// The rules; see credentials.h.
#include "connector/config/credentials.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace adit::config {
namespace {

using yaml::Diagnostics;
using yaml::Node;
using yaml::place_of;

/// One backend's, with the way to its place in the document.
class Check {
  public:
    Check(const Node& root, const Backend& backend, bool tunnels, Diagnostics& diagnostics)
        : root_(root), backend_(backend), tunnels_(tunnels), diagnostics_(diagnostics) {}

    void all() {
        const Credential& of = backend_.credential;
        if (of.oauth2_client_credentials) {
            endpoint("oauth2_client_credentials", "endpoint", of.oauth2_client_credentials->endpoint);
            assertion("oauth2_client_credentials", "assertion", of.oauth2_client_credentials->assertion);
        }
        if (of.azure_ad) {
            endpoint("azure_ad", "endpoint", of.azure_ad->endpoint);
            assertion("azure_ad", "certificate", of.azure_ad->certificate);
        }
        if (of.gcp_federated) {
            endpoint("gcp_federated", "sts", of.gcp_federated->sts);
            endpoint("gcp_federated", "iam", of.gcp_federated->iam);
            if (of.gcp_federated->subject_token_url)
                endpoint("gcp_federated", "subject_token_url", *of.gcp_federated->subject_token_url);
        }
        if (of.gcp_service) endpoint("gcp_service", "endpoint", of.gcp_service->endpoint);
    }

  private:
    yaml::Place place(std::string_view kind, std::string_view part, std::string_view key) const {
        return place_of(root_, {"backends", std::string_view(backend_.name), "credential", kind, part, key});
    }
    void endpoint(std::string_view kind, std::string_view part, const TokenEndpoint& of) {
        expect_readable(of.ca, "CA file", place(kind, part, "ca"), diagnostics_);
        if (of.through.starts_with("service://") && !tunnels_)
            diagnostics_.error(place(kind, part, "through"), "there are no tunnels here: 'tunnels' is missing");
    }
    void assertion(std::string_view kind, std::string_view part, const std::optional<Assertion>& of) {
        if (!of) return;
        expect_readable(of->key, "key", place(kind, part, "key"), diagnostics_);
        expect_readable(of->certificate, "certificate", place(kind, part, "certificate"), diagnostics_);
    }

    const Node& root_;
    const Backend& backend_;
    bool tunnels_;
    Diagnostics& diagnostics_;
};

}  // namespace

void expect_readable(const std::filesystem::path& path, std::string_view what, yaml::Place place,
                     Diagnostics& diagnostics) {
    if (path.empty()) return;
    std::error_code ignored;
    std::string reason;
    if (::access(path.c_str(), R_OK) != 0)
        reason = std::generic_category().message(errno);
    else if (std::filesystem::is_directory(path, ignored))
        reason = "it is a directory";
    if (!reason.empty())
        diagnostics.error(std::move(place),
                          "cannot read the " + std::string(what) + " '" + path.string() + "': " + reason);
}

void check_credentials(const Node& root, Configuration& configuration, Diagnostics& diagnostics) {
    for (Backend& backend : configuration.backends) {
        if (const auto& mtls = backend.credential.mtls) {
            if (!backend.tls.certificate.empty())
                diagnostics.error(place_of(root, {"backends", std::string_view(backend.name), "credential", "mtls"}),
                                  "tls.certificate of this backend says the same; give one of them");
            backend.tls.certificate = mtls->certificate;
            backend.tls.key = mtls->key;
        }
        Check(root, backend, configuration.tunnels.has_value(), diagnostics).all();
    }
}

}  // namespace adit::config
