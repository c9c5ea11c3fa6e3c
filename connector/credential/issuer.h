// We as an OpenID issuer: signs tokens, and says by which keys they are verified.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/jose/jose.h"
#include "connector/config/credential.h"
#include "connector/credential/key_directory.h"
#include "connector/credential/key_schedule.h"

namespace adit::credential {

/// Where the documents are, below the issuer's URL.
inline constexpr std::string_view kDiscoveryPath = "/.well-known/openid-configuration";
inline constexpr std::string_view kKeySetPath = "/.well-known/jwks.json";

/// The algorithm that all of Google, Entra ID and AWS take.
inline constexpr jose::Algorithm kFederationAlgorithm = jose::Algorithm::rs256;

/// A text that is served as it is.
struct PublicDocument {
    std::string content;
    std::string etag;           ///< with its quotes (RFC 9110 §8.8.3)
    std::string cache_control;  ///< "public, max-age=3600"
};

/// What verifiers fetch. Immutable.
struct IssuerDocuments {
    PublicDocument discovery;  ///< OpenID Connect Discovery 1.0 §3
    PublicDocument key_set;    ///< RFC 7517 §5
};

/// How long verifiers may keep the documents: half of publish_ahead, so that the other half is for connectors that look
/// late and clocks that differ; at most an hour, so that a key that was taken away is soon gone everywhere.
std::chrono::seconds document_max_age(std::chrono::seconds publish_ahead);
/// The schedule's settings of a checked configuration.
KeySettings key_settings(const config::Issuer& issuer);

/// One issuer. Its directory is looked at by whoever calls look(), on one thread at a time; everything else is for any
/// thread and touches no file.
class Issuer {
  public:
    /// Whether keys are made and removed as the schedule says; else nothing on the disk is touched. `later`: nor are
    /// those missed that whoever runs it would make.
    enum class Upkeep { yes, no, later };

    /// Reads the keys, makes those that are due, and fails when there is none to sign with for one of the algorithms;
    /// that the next ones cannot be made is no reason. May take seconds: RSA keys are slow to make, and another
    /// connector may be making them.
    static Result<std::shared_ptr<Issuer>> open(config::Issuer settings, WallTime now, Upkeep upkeep = Upkeep::yes);

    const config::Issuer& settings() const { return settings_; }
    /// Its identity, the iss of its tokens.
    const std::string& url() const { return url_; }

    /// The compact form, with the kid in its header. Fails when no key of that algorithm is there.
    Result<std::string> sign(jose::Algorithm algorithm, boost::json::object header,
                             const boost::json::object& claims) const;
    /// iss, sub, aud, iat, nbf, exp and a jti of their own.
    boost::json::object claims(std::string_view audience, std::string_view subject, std::chrono::seconds lifetime,
                               WallTime now) const;
    /// A token with these claims, by which a provider knows us.
    Result<std::string> sign_assertion(std::string_view audience, std::string_view subject,
                                       std::chrono::seconds lifetime, jose::Algorithm algorithm = kFederationAlgorithm,
                                       WallTime now = std::chrono::system_clock::now()) const;
    /// Never null.
    std::shared_ptr<const IssuerDocuments> documents() const;

    /// Takes up keys that came or went, makes and removes keys as the schedule says. Blocks on the disk, and for as
    /// long as an RSA key takes. Troubles go to the log, each once; the last good state stays.
    void look(WallTime now);
    /// Keys that came to the directory, or went from it.
    struct KeysChange {
        std::set<std::string> before;  ///< kids
        std::set<std::string> after;
        bool by_schedule = false;  ///< all of it made or removed here; else by somebody else, perhaps another connector
    };
    /// Those since the last call, on the thread of look() or between two of its calls. What was there at first is none.
    std::vector<KeysChange> take_changes() { return std::exchange(changes_, {}); }
    /// How often look() wants to be called.
    std::chrono::milliseconds look_interval() const;

  private:
    /// What sign() and documents() use. Immutable.
    struct State {
        struct Signer {
            std::string kid;
            std::shared_ptr<const jose::SigningKey> key;
        };
        std::map<jose::Algorithm, Signer> signers;
        std::shared_ptr<const IssuerDocuments> documents;
    };

    Issuer(config::Issuer settings, Upkeep upkeep);
    Result<> check_signers() const;
    Result<> refresh(WallTime now, std::chrono::milliseconds patience);
    KeyPlan plan_of(const KeyDirectory::Reading& reading, WallTime now) const;
    Result<bool> tend(const KeyPlan& plan, WallTime now, std::chrono::milliseconds patience);
    std::shared_ptr<const State> make_state(const KeyDirectory::Reading& reading, const KeyPlan& plan) const;
    IssuerDocuments make_documents(boost::json::array keys) const;
    void tell_changes(const KeyPlan& plan);
    void note_keys(std::set<std::string> now);
    void warn_once(const std::string& trouble);
    std::shared_ptr<const State> state() const;

    const config::Issuer settings_;
    const std::string url_;
    const KeySettings schedule_;
    const Upkeep upkeep_;
    KeyDirectory directory_;
    std::map<std::string, KeyState> told_;  ///< of each key, what the log knows
    std::set<std::string> present_;         ///< kids, as of the last look
    std::set<std::string> tended_;          ///< kids that were made or removed here since
    std::vector<KeysChange> changes_;
    std::set<std::string> troubles_;  ///< of the last look
    std::set<std::string> troubles_now_;
    mutable std::mutex mutex_;  ///< for the pointer alone
    std::shared_ptr<const State> state_;
};

/// By name.
using Issuers = std::map<std::string, std::shared_ptr<Issuer>, std::less<>>;

}  // namespace adit::credential
