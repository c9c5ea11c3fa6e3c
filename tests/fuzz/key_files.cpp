// Files with keys and tokens that others write: WireGuard keys, keys of an issuer's directory (the first line is the
// file's name), a service account's key, tokens by which we prove who we are. The first byte says which it is.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/wireguard/key.h"
#include "common/wireguard/key_file.h"
#include "connector/credential/account_key.h"
#include "connector/credential/key_directory.h"
#include "connector/credential/subject_token.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;
using fuzz::demand;

void read_wireguard(std::string_view text) {
    static const fuzz::MemoryFile file("wireguard.key");
    const std::string path = file.holds(text);
    bool made = true;
    const auto key = wireguard::load_or_make_key(path, made);
    demand(!made, "a file that is there is not written");
    if (!key) {
        constexpr std::size_t large = 4096;
        const bool told = key.error().message == path +
                                                     ": not a WireGuard key: 32 bytes in base64, as `wg genkey` "
                                                     "prints them, were expected";
        demand(told || text.size() > large,
               "an error names its file and what was expected, and has nothing of the key");
        return;
    }
    const auto known = wireguard::public_key(*key);
    demand(known.has_value(), "a private key has a public one");
    demand(wireguard::PublicKey::parse(known->text()) == *known, "which can be told to others");
}

/// Of this process, and empty but for one file at a time.
const std::filesystem::path& folder() {
    struct Folder {
        std::string path = "/tmp/adit-fuzz-keys-XXXXXX";
        std::filesystem::path made = ::mkdtemp(path.data());
        Folder() = default;
        Folder(const Folder&) = delete;
        Folder& operator=(const Folder&) = delete;
        ~Folder() { std::filesystem::remove_all(made); }
    };
    static const Folder one;
    return one.made;
}

void read_directory(std::string_view name, std::string_view pem) {
    if (name.empty() || name.size() > 200 || name.starts_with('.') || name.contains('/') || name.contains('\0')) {
        return;  // such a name no file has, or nobody looks at it
    }
    const std::filesystem::path file = folder() / std::string(name);
    std::ofstream(file, std::ios::binary) << pem;
    credential::KeyDirectory directory(folder());
    const auto reading = directory.read();
    std::filesystem::remove(file);
    demand(reading && reading->exists && reading->keys.size() + reading->problems.size() == 1,
           "a file is a key or a problem");
    for (const std::string& problem : reading->problems) {
        demand(problem.starts_with(file.string()), "which names it");
    }
    for (const credential::StoredKey& stored : reading->keys) {
        demand(name.starts_with(jose::name(stored.facts.algorithm)) && name.ends_with(".pem"),
               "a key is for what its name says");
        demand(stored.key->algorithm() == stored.facts.algorithm && stored.facts.kid == stored.key->thumbprint(),
               "and signs so");
        demand(stored.key->sign({}, {}).size() > stored.facts.kid.size(), "and can");
    }
}

void read_account(std::string_view text) {
    const auto account = credential::parse_account_key(text);
    if (!account) {
        demand(!account.error().message.contains("BEGIN"), "an error has nothing of the key");
        return;
    }
    demand(!account->email.empty() && !account->token_uri.empty(), "an account has a name and somebody to ask");
    demand(account->key && account->key->algorithm() == jose::Algorithm::rs256, "and a key that signs");
}

void read_token(std::string_view text) {
    static const fuzz::MemoryFile file("token");
    const std::string path = file.holds(text);
    for (const std::string_view field : {"", "id_token"}) {
        const auto token = credential::read_token_file(path, field);
        if (!token) {
            demand(token.error().message.starts_with(path), "an error names its file");
        } else {
            demand(!token->empty() && token->size() <= text.size(), "a token is a part of what is there");
        }
    }
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    switch (decisions.byte()) {
        case 'w':
            read_wireguard(decisions.rest());
            break;
        case 'd': {
            const std::string_view name = decisions.line();
            read_directory(name, decisions.rest());
            break;
        }
        case 'g':
            read_account(decisions.rest());
            break;
        default:
            read_token(decisions.rest());
    }
}
