// What an admin address demands, by where it is; see validate_admin.h.
#include "connector/config/validate_admin.h"

#include <grp.h>

#include <algorithm>

#include "connector/config/credentials.h"

namespace adit::config {
namespace {

using yaml::Diagnostics;
using yaml::Node;
using yaml::place_of;

constexpr std::size_t kTokenLeast = 16;

/// Any path of a socket belongs to this host; so do the addresses of loopback.
void check_reach(const Node& root, const Admin& admin, Diagnostics& diagnostics) {
    const net::SocketAddress& address = admin.address;
    if (!address.local() && address.tcp.host.empty()) return;  // reported already
    const bool numeric = address.local() || net::is_localhost(address.tcp.host) || address.tcp.literal();
    if (!numeric)
        diagnostics.error(place_of(root, {"admin", "address"}),
                          "admin.address is an IP address and port, or unix: and a path, not a name");
    if (!numeric || address.private_to_host()) return;
    const bool proves = admin.tls && (!admin.tls->client_ca.empty() || !admin.token.empty());
    if (proves) return;
    const std::string rest =
        ": give admin.tls with client_ca, so that a certificate is asked for, or admin.tls and admin.token; or listen "
        "on unix:/run/adit/admin.sock or 127.0.0.1. admin.metrics is for those who only watch";
    diagnostics.error(place_of(root, {"admin", "address"}),
                      !admin.token.empty()
                          ? "admin.address is not loopback, and a token would cross the network in "
                            "clear text" +
                                rest
                          : "admin.address is not loopback, and nobody would be asked who he is" + rest);
}

void check_socket(const Node& root, const Admin& admin, Diagnostics& diagnostics) {
    const auto place = [&](const char* key) { return place_of(root, {"admin", key}); };
    const yaml::Member* written = root.find("admin");
    const auto says = [&](const char* key, bool something) {
        return something &&
               written->value.find(key) != nullptr;  // the defaults may stand there: `config show` writes them
    };
    for (const auto& [key, something] :
         {std::pair{"mode", admin.mode != Admin::kMode}, {"group", !admin.group.empty()}})
        if (!admin.address.local() && says(key, something))
            diagnostics.error(place(key),
                              std::string("admin.") + key + " is for a Unix socket, and admin.address is none");
    if (admin.address.local() && admin.tls)
        diagnostics.error(place("tls"), "a Unix socket never leaves the host: admin.tls is for an address and port");
    if (!admin.group.empty() && ::getgrnam(admin.group.c_str()) == nullptr)
        diagnostics.error(place("group"), "there is no group '" + admin.group + "' on this host");
}

}  // namespace

void check_admin(const Node& root, const Configuration& configuration, Diagnostics& diagnostics) {
    if (!configuration.admin) return;
    const Admin& admin = *configuration.admin;
    check_reach(root, admin, diagnostics);
    check_socket(root, admin, diagnostics);
    const bool printable =
        std::ranges::all_of(admin.token.reveal(), [](unsigned char c) { return c > ' ' && c < 0x7F; });
    if (!printable)
        diagnostics.error(place_of(root, {"admin", "token"}), "a token is one word of printable characters");
    const std::size_t size = admin.token.reveal().size();
    if (size > 0 && size < kTokenLeast)
        diagnostics.error(place_of(root, {"admin", "token"}),
                          "a token of less than " + std::to_string(kTokenLeast) +
                              " characters can be guessed: take 32 random ones or more");
    if (!admin.tls) return;
    const auto place = [&](const char* key) { return place_of(root, {"admin", "tls", key}); };
    expect_readable(admin.tls->certificate, "certificate", place("certificate"), diagnostics);
    expect_readable(admin.tls->key, "key", place("key"), diagnostics);
    expect_readable(admin.tls->client_ca, "CA file", place("client_ca"), diagnostics);
    expect_readable(admin.tls->client_crl, "revocation list", place("client_crl"), diagnostics);
    for (const char* key : {"client_crl", "subjects"}) {
        const bool there = root.find("admin")->value.find("tls")->value.find(key) != nullptr;
        if (there && admin.tls->client_ca.empty())
            diagnostics.error(place(key), std::string(key) + " belongs to client_ca, which is missing");
    }
}

}  // namespace adit::config
