// An issuer at chosen times: what it signs is verified by what it publishes, and two that share a directory agree.
#include "connector/credential/issuer.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <boost/json.hpp>
#include <csignal>

#include "connector/config/issuers.h"
#include "tests/unit/yaml/support.h"

namespace adit::credential {
namespace {

using namespace std::chrono_literals;
using jose::Algorithm;
using yaml::test::TemporaryFiles;

const WallTime kStart = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

config::Issuer settings(const TemporaryFiles& files, std::vector<std::string> algorithms = {"ES256"}) {
    config::Issuer issuer;
    issuer.name = "main";
    issuer.url = config::parse_issuer_url("https://issuer.example.com/tenants/a").value();
    issuer.directory = files.directory() / "keys";
    issuer.algorithms = std::move(algorithms);
    return issuer;
}

std::shared_ptr<Issuer> opened(config::Issuer settings, WallTime now = kStart) {
    auto issuer = Issuer::open(std::move(settings), now);
    REQUIRE_MESSAGE(issuer, issuer.error().message);
    return *issuer;
}

boost::json::object parsed(const std::string& text) {
    return boost::json::parse(text).as_object();
}

/// Empty when the token is good for who knows that key set.
std::string flaw(const std::string& token, const std::string& key_set, WallTime now,
                 Algorithm algorithm = Algorithm::es256) {
    const auto keys = jose::KeySet::parse(key_set);
    if (!keys) {
        return keys.error().message;
    }
    const auto verified = jose::verify(
        token, *keys,
        {.issuer = "https://issuer.example.com/tenants/a", .audiences = {"aud"}, .algorithms = {algorithm}}, now);
    return verified ? "" : verified.error().words;
}

std::string kids(const Issuer& issuer) {
    std::string text;
    const auto document = parsed(issuer.documents()->key_set.content);
    for (const auto& key : document.at("keys").as_array()) {
        text += std::string(key.at("kid").as_string()) + " ";
    }
    return text;
}

/// While it lives, files have no place for more bytes than this.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    void (*handler_)(int);
    rlimit before_{};
};

}  // namespace

TEST_CASE("an issuer signs with each of its algorithms from its first moment on") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files, {"ES256", "EdDSA", "RS256"}));
    for (const Algorithm algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
        CAPTURE(jose::name(algorithm));
        const auto token = issuer->sign_assertion("aud", "sub", 60s, algorithm, kStart);
        REQUIRE(token);
        CHECK(flaw(*token, issuer->documents()->key_set.content, kStart + 1s, algorithm).empty());
    }
    CHECK_FALSE(issuer->sign(Algorithm::es384, {}, {}));
}

TEST_CASE("an assertion has the claims that providers ask for, and lives as long as was asked") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files));
    const auto claims = issuer->claims("aud", "sub", 300s, kStart);
    CHECK(claims.at("iss") == "https://issuer.example.com/tenants/a");
    CHECK(claims.at("exp").as_int64() - claims.at("iat").as_int64() == 300);
    CHECK(claims.at("nbf").as_int64() <= claims.at("iat").as_int64());
    CHECK(claims.at("jti") != issuer->claims("aud", "sub", 300s, kStart).at("jti"));
}

TEST_CASE("the discovery document says what OpenID Connect asks for") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files, {"ES256", "EdDSA"}));
    const auto documents = issuer->documents();
    const auto discovery = parsed(documents->discovery.content);
    CHECK(discovery.at("issuer") == "https://issuer.example.com/tenants/a");
    CHECK(discovery.at("jwks_uri") == "https://issuer.example.com/tenants/a/.well-known/jwks.json");
    CHECK(discovery.at("id_token_signing_alg_values_supported") == boost::json::array{"ES256", "EdDSA"});
    CHECK(discovery.at("subject_types_supported") == boost::json::array{"public"});
    CHECK(discovery.at("response_types_supported") == boost::json::array{"id_token"});
    CHECK(documents->key_set.cache_control == "public, max-age=3600");
    CHECK(documents->key_set.etag.size() > 2);
    CHECK_FALSE(documents->key_set.content.contains("\"d\""));
}

TEST_CASE("verifiers may keep the documents for half of publish_ahead, at most an hour") {
    CHECK(document_max_age(24h) == 1h);
    CHECK(document_max_age(1h) == 30min);
    CHECK(document_max_age(2s) == 1s);
}

TEST_CASE("through all rotations a verifier that keeps the key set for as long as it may never meets an unknown key") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files));
    std::string kept = issuer->documents()->key_set.content;
    WallTime fetched = kStart;
    std::set<std::string> used;
    for (WallTime now = kStart; now < kStart + std::chrono::days(200); now += 31min) {
        issuer->look(now);
        if (now > fetched + document_max_age(24h)) {
            kept = issuer->documents()->key_set.content;
            fetched = now;
        }
        const auto token = issuer->sign_assertion("aud", "sub", 1h, Algorithm::es256, now);
        REQUIRE(token);
        used.insert(jose::key_id(*token).value());
        REQUIRE(flaw(*token, kept, now).empty());
        REQUIRE(parsed(kept).at("keys").as_array().size() <= 2);
    }
    CHECK(used.size() == 7);
    KeyDirectory directory(files.directory() / "keys");
    CHECK(directory.read()->keys.size() <= 2);
}

TEST_CASE("two issuers that share a directory publish the same, and verify each other's tokens") {
    const TemporaryFiles files;
    const auto one = opened(settings(files));
    const auto other = opened(settings(files));
    for (WallTime now = kStart; now < kStart + std::chrono::days(100); now += 5h) {
        one->look(now);
        other->look(now - 3min);
        one->look(now);
        REQUIRE(kids(*one) == kids(*other));
        const auto token = other->sign_assertion("aud", "sub", 1h, Algorithm::es256, now);
        REQUIRE(flaw(*token, one->documents()->key_set.content, now).empty());
    }
}

TEST_CASE("keys live on when the connector is started anew") {
    const TemporaryFiles files;
    const std::string before = kids(*opened(settings(files)));
    CHECK(kids(*opened(settings(files), kStart + 24h)) == before);
}

TEST_CASE("a directory that goes away while the issuer lives takes nothing with it") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files));
    const std::string before = kids(*issuer);
    std::filesystem::remove_all(files.directory() / "keys");
    issuer->look(kStart + 1min);
    CHECK(kids(*issuer) == before);
    CHECK_FALSE(std::filesystem::exists(files.directory() / "keys"));
}

TEST_CASE("an issuer that cannot have keys says why") {
    const TemporaryFiles files;
    auto bad = settings(files);
    bad.directory = files.write("file", "") / "keys";
    const auto issuer = Issuer::open(bad, kStart);
    REQUIRE_FALSE(issuer);
    CHECK(issuer.error().message.contains("issuer main"));
}

TEST_CASE("an issuer with good keys starts, although its next key cannot be made") {
    const TemporaryFiles files;
    const auto lock = files.directory() / "keys" / ".lock";
    const std::string before = kids(*opened(settings(files)));
    std::filesystem::remove(lock);
    std::filesystem::create_directory(lock);
    const WallTime later = kStart + settings(files).rotate;
    const auto issuer = opened(settings(files), later);
    CHECK(kids(*issuer) == before);
    CHECK(issuer->sign_assertion("aud", "sub", 60s, Algorithm::es256, later));
    SUBCASE("and makes it when it can") {
        std::filesystem::remove(lock);
        issuer->look(later + 1min);
        CHECK(kids(*issuer).size() > before.size());
    }
    SUBCASE("but not with an algorithm that has no key at all") {
        const auto more = Issuer::open(settings(files, {"ES256", "EdDSA"}), later);
        REQUIRE_FALSE(more);
        CHECK(more.error().message.contains(".lock"));
    }
}

TEST_CASE("an issuer that is only tried out misses no key that it would make, and makes none") {
    const TemporaryFiles files;
    CHECK(Issuer::open(settings(files), kStart, Issuer::Upkeep::later));
    CHECK_FALSE(std::filesystem::exists(files.directory() / "keys"));
    files.write("keys/ES256.20260102T030405Z.pem", "garbage");
    const auto broken = Issuer::open(settings(files), kStart, Issuer::Upkeep::later);
    REQUIRE_FALSE(broken);
    CHECK(broken.error().message.contains("ES256.20260102T030405Z.pem"));
}

TEST_CASE("keys that come or go are told of, and whether it was by the schedule") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files));
    auto changes = issuer->take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].before.empty());
    CHECK(changes[0].after.size() == 1);
    CHECK(changes[0].by_schedule);
    CHECK(opened(settings(files))->take_changes().empty());  // what another one finds there has not changed
    issuer->look(kStart + 1min);
    CHECK(issuer->take_changes().empty());

    const std::string theirs = jose::SigningKey::generate(Algorithm::es256)->to_pem();
    files.write("keys/ES256.20260102T030405Z.pem", theirs);
    issuer->look(kStart + 2min);
    changes = issuer->take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].after.size() == 2);
    CHECK_FALSE(changes[0].by_schedule);
    std::filesystem::remove(files.directory() / "keys/ES256.20260102T030405Z.pem");
    issuer->look(kStart + 3min);
    changes = issuer->take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].after.size() == 1);
    CHECK_FALSE(changes[0].by_schedule);
}

TEST_CASE("a key that was made before the disk was full is one of the schedule, whenever it is seen") {
    const TemporaryFiles files;
    const auto issuer = opened(settings(files, {"ES256", "RS256"}));
    CHECK(issuer->take_changes().size() == 1);
    const WallTime due = kStart + settings(files).rotate;
    {
        const FullDisk disk(1000);  // for a key of ES256, not for one of RS256
        issuer->look(due);
    }
    CHECK(issuer->take_changes().empty());
    issuer->look(due + 1min);
    const auto changes = issuer->take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].after.size() == 4);
    CHECK(changes[0].by_schedule);
}

TEST_CASE("an issuer without upkeep leaves the disk as it is") {
    const TemporaryFiles files;
    const auto missing = Issuer::open(settings(files), kStart, Issuer::Upkeep::no);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message.contains("issuer main"));
    CHECK(missing.error().message.contains("no key for ES256 yet; it gets one when the connector first runs"));
    CHECK_FALSE(std::filesystem::exists(files.directory() / "keys"));

    const std::string before = kids(*opened(settings(files)));
    const WallTime later = kStart + settings(files).rotate;
    const auto issuer = Issuer::open(settings(files), later, Issuer::Upkeep::no);
    REQUIRE(issuer);
    CHECK((*issuer)->sign_assertion("aud", "sub", 60s, Algorithm::es256, later));
    (*issuer)->look(later + 1min);
    CHECK(kids(**issuer) == before);
}

}  // namespace adit::credential
