// The operator's own server: where it is and who may ask.
#include <charconv>

#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

constexpr std::size_t kSubjectsMost = 1'000;

/// host:port, or unix: and a path, which starts at the folder of the file as others do.
class AdminAddress {
  public:
    using value_type = net::SocketAddress;
    bool read(const Node& node, net::SocketAddress& value, Diagnostics& diagnostics) const {
        if (node.kind != Node::Kind::scalar || !net::SocketAddress::is_path(node.text))
            return address_.read(node, value.tcp, diagnostics);
        auto parsed = net::SocketAddress::parse(node.text);
        if (parsed)
            parsed = net::SocketAddress::of_path((node.place.source->directory() / parsed->path).lexically_normal());
        if (!parsed) {
            diagnostics.error(node.place, "\"" + node.shown() + "\" is no Unix socket: " + parsed.error().message);
            return false;
        }
        value = *std::move(parsed);
        return true;
    }
    Schema schema() const { return {.kind = Schema::Kind::text, .name = "host:port or unix:/path"}; }
    std::string show(const net::SocketAddress&) const { return {}; }

  private:
    Address<net::HostPort> address_{ZeroPort::allowed};
};

/// What chmod takes. Others than owner and group never get in: whoever needs that wants a token, or a group.
class SocketMode {
  public:
    using value_type = std::uint32_t;
    bool read(const Node& node, std::uint32_t& mode, Diagnostics& diagnostics) const {
        if (!expect_scalar(node, name_, diagnostics)) return false;
        const std::string& text = node.text;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
        if (error != std::errc() || end != text.data() + text.size() || (mode & ~0660U) != 0 ||
            (mode & 0600U) != 0600U) {
            diagnostics.error(node.place, "\"" + node.shown() + "\" is not " + name_);
            return false;
        }
        return true;
    }
    Schema schema() const { return {.kind = Schema::Kind::text, .name = name_}; }
    std::string show(std::uint32_t mode) const { return mode == 0660U ? "0660" : "0600"; }

  private:
    const std::string name_ = "a mode of owner and group, 0600 or 0660";
};

Object<AdminTls> admin_tls() {
    return Object<AdminTls>("tls", "TLS 1.3 at the admin address.")
        .required("certificate", &AdminTls::certificate, Path(), "PEM file with the certificate and its chain.")
        .required("key", &AdminTls::key, Path(), "PEM file with the private key.")
        .field("client_ca", &AdminTls::client_ca, Path(),
               "PEM file of CAs: nobody gets in without a certificate of theirs.")
        .field("client_crl", &AdminTls::client_crl, Path(), "PEM file with the revocation lists of these CAs.")
        .field("subjects", &AdminTls::subjects, List(Text(), kSubjectsMost),
               "Which of their certificates get in, by the whole subject, \"CN=ops,O=Example\", or by an alternative "
               "name, \"dns:ops.example\", \"email:\", \"uri:\" or \"ip:\"; all of them when left out.");
}

}  // namespace

yaml::Object<Admin> admin_table() {
    return Object<Admin>("admin", "The operator's own server: status, metrics, and what can be changed.")
        .required("address", &Admin::address, AdminAddress(),
                  "Where it listens: unix:/run/adit/admin.sock, or an address of loopback such as 127.0.0.1:9901. Any "
                  "other address needs tls with client_ca, or tls and a token.")
        .field("mode", &Admin::mode, SocketMode(), "Of the Unix socket.")
        .field("group", &Admin::group, Text(), "Whose members may ask with mode 0660; the process's own when left out.")
        .field("token", &Admin::token, SecretText(),
               "What every request has to show, as Authorization: Bearer, 16 characters or more; none when left out.")
        .field("tls", &Admin::tls, admin_tls(), "Clear text when left out.")
        .field("audit", &Admin::audit, Path(),
               "File to which each change is appended as a line of JSON: who, what, before, after; left out, they go "
               "to the program's log.")
        .field("metrics", &Admin::metrics, Address<HostPort>(ZeroPort::allowed),
               "A second address for kubelets and Prometheus: only /live, /ready and /metrics, to be read by anybody.");
}

}  // namespace adit::config
