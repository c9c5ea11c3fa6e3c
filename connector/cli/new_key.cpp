// Making keys and filling tokens; see new_key.h.
#include "connector/cli/new_key.h"

#include <algorithm>
#include <iostream>

#include "common/base/random.h"
#include "common/wireguard/key_file.h"
#include "connector/store/address_rows.h"
#include "connector/store/wireguard_peers.h"

namespace adit::cli {
namespace {

/// Where agents shall dial: what was typed, else what the configuration says.
Result<std::vector<net::HostPort>> dialled(const std::vector<std::string>& typed,
                                           const std::vector<net::HostPort>& configured, const std::string& option,
                                           const std::string& way) {
    std::vector<net::HostPort> addresses;
    for (const std::string& text : typed) {
        auto address = net::HostPort::parse(text);
        if (!address) {
            return std::unexpected(std::move(address.error()));
        }
        addresses.push_back(std::move(*address));
    }
    if (!addresses.empty()) {
        return addresses;
    }
    for (const net::HostPort& address : configured) {
        if (auto known = net::HostPort::parse(address.text()); !known) {
            return std::unexpected(std::move(known.error()));
        }
    }
    std::cerr << "agents will dial " << configured.front().text() << (configured.size() > 1 ? " and others" : "") << way
              << " (from the configuration; " << option << " HOST:PORT overrides it)\n";
    return configured;
}

/// An interface that someone else configured has a key already; another one in tokens would lead nowhere.
Result<> expect_key_of_interface(const config::WireGuardSettings& settings) {
    std::error_code ignored;
    if (settings.device != wireguard::DeviceKind::existing || std::filesystem::exists(settings.key, ignored)) {
        return {};
    }
    return usage_error(settings.key.string() +
                       " is missing: with 'device: existing' it holds the interface's own key, " + "as `wg show " +
                       settings.interface + " private-key` prints it");
}

Result<Secret> connector_secret(const std::filesystem::path& file, std::string_view what, std::string_view why_keep) {
    bool made = false;
    auto key = wireguard::load_or_make_key(file, made);
    if (key && made) {
        std::cerr << "made " << what << ' ' << file.string() << " (keep it: " << why_keep << ")\n";
    }
    return key;
}

/// By which agents recognise the connector that has this key.
Result<tls::Spki> connector_spki(const std::filesystem::path& file) {
    bool made = false;
    const auto key = tls::PrivateKey::load_or_make(file, made);
    if (!key) {
        return std::unexpected(key.error());
    }
    if (made) {
        std::cerr << "made the connector's key " << file.string() << " (keep it: tokens name its fingerprint)\n";
    }
    return key->spki();
}

Error no_such_part(const std::string& option, const std::string& part) {
    return {option + ": the configuration has no " + part + ", so no agent could come that way", true};
}

}  // namespace

Result<> NewKey::add_tls(const KeyWishes& wishes, const config::TlsSettings& settings) {
    for (const auto& file : {settings.key, settings.next_key}) {
        if (file.empty()) {
            continue;
        }
        auto spki = connector_spki(file);
        if (!spki) {
            return std::unexpected(std::move(spki.error()));
        }
        token_.pins.push_back(*spki);
    }
    const auto addresses = dialled(wishes.connect, settings.advertise, "--connect", "");
    if (!addresses) {
        return std::unexpected(addresses.error());
    }
    for (const net::HostPort& address : *addresses) {
        token_.addresses.push_back(address.text());
    }
    return {};
}

Result<> NewKey::add_wireguard(const KeyWishes& wishes, const config::WireGuardSettings& settings) {
    if (auto there = expect_key_of_interface(settings); !there) {
        return there;
    }
    auto key =
        connector_secret(settings.key, "the connector's WireGuard key", "tokens name the public key that follows");
    auto secret =
        connector_secret(settings.preshared, "the secret of preshared keys", "those of tokens follow from it");
    auto endpoints = dialled(wishes.connect_wireguard, settings.advertise, "--connect-wireguard", " over WireGuard");
    if (!key || !secret || !endpoints) {
        return std::unexpected(!key ? key.error() : !secret ? secret.error() : endpoints.error());
    }
    const auto peer = wireguard::public_key(*key);
    auto preshared = row_preshared_key(*secret, record_.id);
    if (!peer || !preshared) {
        return std::unexpected(!peer ? peer.error() : preshared.error());
    }
    token::WireGuard part;
    part.seed = wireguard::generate_key();
    part.preshared_key = std::move(*preshared);
    part.peer = *peer;
    part.endpoints = std::move(*endpoints);
    part.prefix = settings.network.prefix();
    part.connector = {connector_address(settings.network), config::kInnerPort};
    part.mtu = settings.mtu;
    WireGuardRecord row;
    for (unsigned number = 0; number <= part.seats; ++number) {
        const auto member = part.private_key(number);
        const auto known_as = member ? wireguard::public_key(*member) : std::unexpected(member.error());
        if (!known_as) {
            return std::unexpected(known_as.error());
        }
        row.public_keys.push_back(*known_as);
    }
    record_.wireguard = std::move(row);
    token_.wireguard = std::move(part);
    return {};
}

Result<NewKey> NewKey::make(const KeyWishes& wishes, const config::TunnelSettings& settings) {
    if (!settings.tls && !wishes.connect.empty()) {
        return std::unexpected(no_such_part("--connect", "tunnels.tls"));
    }
    if (!settings.wireguard && !wishes.connect_wireguard.empty()) {
        return std::unexpected(no_such_part("--connect-wireguard", "tunnels.wireguard"));
    }
    const auto key = tls::PrivateKey::generate_ed25519();
    if (!key) {
        return std::unexpected(key.error());
    }
    NewKey made;
    made.record_ = {"key_" + random_base62(12), key->spki(), std::chrono::system_clock::now(), wishes.expires, {}};
    made.token_.key_id = made.record_.id;
    made.token_.seed = key->seed();
    made.token_.expires = wishes.expires;
    Result<> tls = settings.tls ? made.add_tls(wishes, *settings.tls) : Result<>();
    Result<> wireguard = tls && settings.wireguard ? made.add_wireguard(wishes, *settings.wireguard) : Result<>();
    if (!tls || !wireguard) {
        return std::unexpected(std::move(tls ? wireguard.error() : tls.error()));
    }
    return made;
}

const token::Token& NewKey::complete(const TunnelRecord& written) {
    token_.tunnel_id = written.id;
    token_.tunnel_name = written.name;
    const auto mine = std::ranges::find(written.keys, record_.id, &KeyRecord::id);
    if (token_.wireguard && mine != written.keys.end() && mine->wireguard) {
        token_.wireguard->first_address = mine->wireguard->address;
    }
    return token_;
}

}  // namespace adit::cli
