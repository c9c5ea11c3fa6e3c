// The parts of a generation that decide who may call and what backends are shown; each fails without a trace.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/generation.h"
#include "connector/policy/authentication.h"
#include "connector/policy/consumers.h"

namespace adit {

/// The authenticators of a configuration: a policy that several routes use is made once, whatever it holds (a key set,
/// say). Lives for the making of one generation.
class Authenticators {
  public:
    /// `previous` may be null.
    Authenticators(const Generation& made, const Generation::Means& means, const Generation* previous);

    /// Those of a list of policies, in their order; nothing for an empty one.
    Result<std::optional<policy::Authentication>> chain(const std::vector<std::string>& names);
    /// All that were asked for, by the names of their policies.
    std::map<std::string, std::shared_ptr<const policy::Authenticator>> all() const;

  private:
    Result<policy::Authentication::Way> get(const std::string& name);

    const Generation& made_;
    const Generation::Means& means_;
    const Generation* previous_;
    std::shared_ptr<const policy::Consumers> consumers_;
    std::map<std::string, policy::Authentication::Way> ways_;
};

/// Who may come in by each route, where the configuration says anything about that at all.
Result<> make_entrances(const Generation& made, policy::Routes& routes, Authenticators& authenticators);

/// Of the listeners that are forward proxies.
Result<> make_proxies(Generation& made, ConnectorMetrics& metrics, Authenticators& authenticators);

/// An issuer that has not changed goes on with what it knows of its keys.
Result<> make_issuers(Generation& made, credential::Issuer::Upkeep upkeep, const Generation* previous);

/// Those of a backend whose credential has not changed go on, with their tokens. After make_issuers().
Result<> make_credentials(Generation& made, const Generation::Means& means, const Generation* previous);

/// Of the names and contents of files, the empty name adding itself only, and of what else counts. Nothing where a file
/// cannot be read, or is larger than read_file() takes: who uses it has to try, and says what is wrong. Of what they
/// hold nothing is kept, nor left in memory.
Mark mark_of(const std::vector<std::filesystem::path>& files, std::string all = {});

}  // namespace adit
