// From the configuration's words to files, ports and programs; see confinement.h.
#include "connector/confinement.h"

#include <grp.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "common/base/service_manager.h"
#include "common/log/log.h"
#include "common/tls/key.h"
#include "common/wireguard/helper_process.h"
#include "common/wireguard/key_file.h"
#include "connector/config/tunnel_settings.h"
#include "connector/credential/make.h"

namespace adit {
namespace fs = std::filesystem;
namespace {

bool privileged(const config::HostPort& address) {
    return address.port != 0 && address.port < 1024;
}

void wish_for_tunnels(const config::Configuration& configuration, sandbox::Wishes& wishes) {
    if (!configuration.tunnels) {
        return;
    }
    const auto settings = config::tunnel_settings(configuration, config::machine_name());
    if (!settings) {
        return;  // the start ends with what is wrong
    }
    wishes.abstract_sockets = true;           // a successor finds its predecessor by one
    wishes.read.insert(settings->directory);  // commands write there, and are processes of their own
    if (settings->tls) {
        wishes.read.insert({settings->tls->key, settings->tls->next_key});
        wishes.privileged_ports = wishes.privileged_ports || privileged(settings->tls->listen);
    }
    if (settings->wireguard) {
        using wireguard::DeviceKind;
        const DeviceKind kind = settings->wireguard->device;
        wishes.read.insert({settings->wireguard->key, settings->wireguard->preshared});
        wishes.network_devices = kind == DeviceKind::kernel || kind == DeviceKind::automatic;
        if (privileged(settings->wireguard->listen) && kind != DeviceKind::existing) {
            wishes.privileged_ports = true;  // the kernel's devices are bound by who makes them
            wishes.privileged_ports_of_programs = kind != DeviceKind::kernel;
        }
        wishes.programs = wireguard::helper_folder();
    }
}

/// The issuer's, which is there: it has a key by now. That above it, for issuers that reloads add, only where it holds
/// nothing but folders of issuers: whoever takes the connector over can write all that is in it.
fs::path folder_of_issuers(const config::Configuration& configuration, const config::Issuer& issuer) {
    std::error_code error;
    const fs::path above = fs::canonical(issuer.directory, error).parent_path();
    for (fs::directory_iterator entry(above, error), end; !error && entry != end; entry.increment(error)) {
        const bool of_issuer = std::ranges::any_of(configuration.issuers, [&](const config::Issuer& one) {
            std::error_code missing;
            return fs::equivalent(one.directory, entry->path(), missing);
        });
        if (!of_issuer) {
            return issuer.directory;
        }
    }
    return error ? issuer.directory : above;
}

/// Makes the key of this file if it is missing.
template <class Make>
Result<> make_missing(const std::filesystem::path& file, const char* what, Make make) {
    bool made = false;
    if (const auto key = make(file, made); !key) {
        return std::unexpected(key.error());
    }
    if (made) {
        logging::info("made " + std::string(what), {{"file", file.string()}});
    }
    return {};
}

void wish_for_admin(const config::Configuration& configuration, sandbox::Wishes& wishes) {
    if (!configuration.admin) {
        return;
    }
    const config::Admin& admin = *configuration.admin;
    wishes.logs.insert(admin.audit);
    wishes.sockets.insert(admin.address.path);
    if (const group* found = admin.group.empty() ? nullptr : ::getgrnam(admin.group.c_str())) {
        wishes.group_of_files = found->gr_gid;
    }
    wishes.privileged_ports = wishes.privileged_ports ||
                              (admin.address.path.empty() && privileged(admin.address.tcp)) ||
                              (admin.metrics && privileged(*admin.metrics));
}

}  // namespace

Result<> make_missing_keys(const config::Configuration& configuration) {
    if (!configuration.tunnels) {
        return {};
    }
    const auto settings = config::tunnel_settings(configuration, config::machine_name());
    if (!settings) {
        return std::unexpected(settings.error());
    }
    if (const auto& tls = settings->tls) {
        if (auto there = make_missing(tls->key, "the connector's key", tls::PrivateKey::load_or_make); !there) {
            return there;
        }
    }
    if (const auto& wireguard = settings->wireguard) {
        auto there = make_missing(wireguard->key, "the connector's WireGuard key", wireguard::load_or_make_key);
        return there ? make_missing(wireguard->preshared, "the secret of WireGuard's preshared keys",
                                    wireguard::load_or_make_key)
                     : there;
    }
    return {};
}

sandbox::Wishes confinement(const Generation& generation) {
    const config::Configuration& configuration = generation.configuration;
    sandbox::Wishes wishes{.mode = configuration.sandbox.mode,
                           .abstract_sockets = ServiceManager().listens_at_abstract_name()};
    wishes.write.insert(configuration.sandbox.paths.begin(), configuration.sandbox.paths.end());
    const auto files = generation.files();
    wishes.read.insert(files.begin(), files.end());
    for (const config::Backend& backend : configuration.backends) {
        wishes.read.merge(credential::renewed_files_of(backend.credential));
        if (const auto& own = backend.credential.mtls) {
            wishes.read.insert({own->certificate, own->key});
        }
    }
    for (const config::Policy& policy : configuration.policies) {
        if (policy.jwt) {
            wishes.read.insert({policy.jwt->jwks_file, policy.jwt->ca});
        }
    }
    for (const config::LogSink& sink : configuration.log.sinks) {
        if (sink.file) {
            wishes.logs.insert(sink.file->path);
        }
    }
    for (const config::Issuer& issuer : configuration.issuers) {
        wishes.write.insert(folder_of_issuers(configuration, issuer));
    }
    wishes.privileged_ports = std::ranges::any_of(configuration.listeners, privileged, &config::Listener::address);
    wish_for_admin(configuration, wishes);
    wish_for_tunnels(configuration, wishes);
    wishes.read.erase(std::filesystem::path());
    for (auto* paths : {&wishes.write, &wishes.logs, &wishes.sockets}) {
        paths->erase(std::filesystem::path());
    }
    return wishes;
}

}  // namespace adit
