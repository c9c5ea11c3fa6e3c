// The kinds of authentication policies, from their configuration.
#pragma once

#include <memory>
#include <string>

#include "common/base/error.h"
#include "connector/config/trust.h"
#include "connector/fetch/desk.h"
#include "connector/policy/authenticator.h"
#include "connector/policy/consumers.h"

namespace adit::policy {

/// What a generation lends to the making of one.
struct Materials {
    std::shared_ptr<const Consumers> consumers;
    fetch::Desk* desk = nullptr;                  ///< where key sets are fetched; outlives all generations
    std::shared_ptr<const Authenticator> before;  ///< of this name in the previous generation; null: none
};

/// The authenticator of a checked policy. An error is one that stands in the way of the whole configuration, such as a
/// file that cannot be used.
Result<std::shared_ptr<const Authenticator>> make_authenticator(const config::Policy& policy,
                                                                const Materials& materials);

// --- the kinds, each in a file of its own ---
std::shared_ptr<const Authenticator> make_api_key(std::string name, const config::ApiKeyPolicy& policy,
                                                  std::shared_ptr<const Consumers> consumers);
std::shared_ptr<const Authenticator> make_basic(std::string name, const config::BasicPolicy& policy,
                                                std::shared_ptr<const Consumers> consumers);
std::shared_ptr<const Authenticator> make_mtls(std::string name, const config::MtlsPolicy& policy,
                                               std::shared_ptr<const Consumers> consumers);
std::shared_ptr<const Authenticator> make_ip(std::string name, const config::IpPolicy& policy,
                                             std::shared_ptr<const Consumers> consumers);
Result<std::shared_ptr<const Authenticator>> make_jwt(std::string name, const config::JwtPolicy& policy,
                                                      const Materials& materials);
std::shared_ptr<const Authenticator> make_anonymous(std::string name);

}  // namespace adit::policy
