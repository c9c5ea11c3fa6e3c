// From the configuration's words to files, ports and programs; see confinement.h.
#include "connector/confinement.h"

#include <grp.h>

#include <algorithm>

#include "common/base/service_manager.h"
#include "common/wireguard/helper_process.h"
#include "connector/config/tunnel_settings.h"
#include "connector/credential/make.h"

namespace adit {
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
    wishes.abstract_sockets = true;  // a successor finds its predecessor by one
    wishes.write.insert(settings->directory);
    if (settings->tls) {
        wishes.write.insert(settings->tls->key);
        wishes.read.insert(settings->tls->next_key);
        wishes.privileged_ports = wishes.privileged_ports || privileged(settings->tls->listen);
    }
    if (settings->wireguard) {
        using wireguard::DeviceKind;
        const DeviceKind kind = settings->wireguard->device;
        wishes.write.insert({settings->wireguard->key, settings->wireguard->preshared});
        wishes.network_devices = kind == DeviceKind::kernel || kind == DeviceKind::automatic;
        if (privileged(settings->wireguard->listen) && kind != DeviceKind::existing) {
            wishes.privileged_ports = true;  // the kernel's devices are bound by who makes them
            wishes.privileged_ports_of_programs = kind != DeviceKind::kernel;
        }
        wishes.programs = wireguard::helper_folder();
    }
}

void wish_for_admin(const config::Configuration& configuration, sandbox::Wishes& wishes) {
    if (!configuration.admin) {
        return;
    }
    const config::Admin& admin = *configuration.admin;
    wishes.write.insert({admin.audit, admin.address.path});
    if (const group* found = admin.group.empty() ? nullptr : ::getgrnam(admin.group.c_str())) {
        wishes.group_of_files = found->gr_gid;
    }
    wishes.privileged_ports = wishes.privileged_ports ||
                              (admin.address.path.empty() && privileged(admin.address.tcp)) ||
                              (admin.metrics && privileged(*admin.metrics));
}

}  // namespace

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
            wishes.write.insert(sink.file->path);
        }
    }
    for (const config::Issuer& issuer : configuration.issuers) {
        wishes.write.insert(issuer.directory.parent_path());  // for those that reloads add beside it
    }
    wishes.privileged_ports = std::ranges::any_of(configuration.listeners, privileged, &config::Listener::address);
    wish_for_admin(configuration, wishes);
    wish_for_tunnels(configuration, wishes);
    wishes.read.erase(std::filesystem::path());
    wishes.write.erase(std::filesystem::path());
    return wishes;
}

}  // namespace adit
