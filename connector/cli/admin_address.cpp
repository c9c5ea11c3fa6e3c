// Finding the admin server and what it wants to see; see admin_address.h.
#include "connector/cli/admin_address.h"

#include <netdb.h>

#include <array>

#include "common/base/file.h"
#include "common/base/strings.h"
#include "common/config/document.h"
#include "connector/config/table.h"
#include "connector/config/table_parts.h"

namespace adit::cli {
namespace {

constexpr std::string_view kSecure = "https://";
constexpr std::size_t kTokenMost = 64 * 1024;

/// The server's name and its first address: the one for its certificate, the other to connect to.
Result<status::Target> target_named(std::string_view text) {
    status::Target target;
    const bool secure = text.starts_with(kSecure);
    if (secure) {
        text.remove_prefix(kSecure.size());
        text = text.substr(0, text.find('/'));
    }
    auto address = net::SocketAddress::parse(text);
    if (!address) {
        return std::unexpected(std::move(address.error()));
    }
    target.address = std::move(*address);
    if (!secure) {
        return target;
    }
    target.tls.emplace();
    if (target.address.local() || target.address.tcp.literal()) {
        return target;
    }
    net::HostPort& tcp = target.address.tcp;
    target.tls->name = tcp.host;
    addrinfo* found = nullptr;
    addrinfo wish{};
    wish.ai_flags = AI_ADDRCONFIG;
    wish.ai_socktype = SOCK_STREAM;
    if (const int error = ::getaddrinfo(tcp.host.c_str(), nullptr, &wish, &found); error != 0) {
        return failure(tcp.host + ": " + ::gai_strerror(error));
    }
    std::array<char, NI_MAXHOST> numeric{};
    ::getnameinfo(found->ai_addr, found->ai_addrlen, numeric.data(), numeric.size(), nullptr, 0, NI_NUMERICHOST);
    ::freeaddrinfo(found);
    tcp.host = numeric.data();
    return target;
}

Result<> show_token(const AdminWay& way, status::Target& target) {
    if (way.token_file.empty()) {
        return {};
    }
    const auto text = read_file(way.token_file, kTokenMost, Pipes::any);
    if (!text) {
        return std::unexpected(text.error());
    }
    target.token = trim(*text);
    return {};
}

Result<> prove(const AdminWay& way, status::Target& target) {
    const bool of_tls = !way.ca.empty() || !way.certificate.empty() || !way.key.empty();
    if (of_tls && !target.tls) {
        return usage_error("certificates are for TLS, and " + target.text() +
                           " is asked in clear text: write --admin https://HOST:PORT");
    }
    if (way.certificate.empty() != way.key.empty()) {
        return usage_error("a certificate and its key go together: --admin-cert and --admin-key");
    }
    if (!way.ca.empty()) {
        target.tls->exactly.clear();
        target.tls->ca = way.ca;
    }
    if (!way.certificate.empty()) {
        target.tls->certificate = way.certificate;
        target.tls->key = way.key;
    }
    const bool crosses = !target.tls && !target.address.private_to_host();
    if (auto shown = show_token(way, target); !shown) {
        return shown;
    }
    if (crosses && !target.token.empty()) {
        return usage_error("a token does not go to " + target.text() +
                           " in clear text: write --admin https://HOST:PORT");
    }
    return {};
}

/// The section as it was read, with what could not be.
struct Section {
    config::Admin admin;
    yaml::Node written;
    yaml::Diagnostics unread;  ///< of the whole file
};

Result<Section> read_section(const std::filesystem::path& file) {
    Section section;
    const auto root = yaml::load_document(file, yaml::process_environment(), section.unread);
    if (!root) {
        return usage_error(section.unread.text());
    }
    const yaml::Member* written = root->find("admin");
    if (written == nullptr || written->value.find("address") == nullptr) {
        return usage_error(file.string() +
                           " has no admin address to ask at; add admin: { address: \"unix:/run/adit/admin.sock\" } or "
                           "\"127.0.0.1:9901\" (a running connector reloads on SIGHUP, too)");
    }
    yaml::Diagnostics wrong;
    config::admin_table().read(written->value, section.admin, wrong);
    if (!wrong.ok()) {
        return usage_error(wrong.text());
    }
    section.written = written->value;
    return section;
}

/// Adds what was told of a value that could not be read, such as ${NAME} of a variable that only the service has.
void add_unread(const yaml::Member* value, const yaml::Diagnostics& told, yaml::Diagnostics& to) {
    for (const yaml::Diagnostic& one : told.sorted()) {
        if (value != nullptr && value->value.failed && one.place == value->value.place) {
            to.error(one.place, one.message);
        }
    }
}

/// As a file says, but for what `way` brings along. A command needs less of the section than the connector does.
Result<status::Target> target_in(const std::filesystem::path& file, const AdminWay& way) {
    const auto section = read_section(file);
    if (!section) {
        return std::unexpected(section.error());
    }
    yaml::Diagnostics missing;
    add_unread(section->written.find("address"), section->unread, missing);
    if (way.token_file.empty()) {
        add_unread(section->written.find("token"), section->unread, missing);
    }
    if (const yaml::Member* tls = section->written.find("tls"); tls != nullptr && way.ca.empty()) {
        add_unread(tls->value.find("certificate"), section->unread, missing);
    }
    return missing.ok() ? Result<status::Target>(admin_of(section->admin)) : usage_error(missing.text());
}

}  // namespace

status::Target admin_of(const config::Admin& admin) {
    status::Target target;
    target.address = admin.address;
    target.token = admin.token.reveal();
    if (admin.tls) {
        target.tls.emplace();
        target.tls->exactly = admin.tls->certificate;
    }
    return target;
}

Result<config::Admin> admin_section(const std::filesystem::path& file) {
    auto section = read_section(file);
    return section ? Result<config::Admin>(std::move(section->admin)) : std::unexpected(section.error());
}

Result<status::Target> admin_of(const AdminWay& way, const std::string& config, const FindFile& find_file) {
    Result<status::Target> target;
    if (way.address.empty()) {
        const auto file = find_file(config);
        target = file ? target_in(*file, way) : std::unexpected(file.error());
    } else {
        target = target_named(way.address);
    }
    if (target) {
        if (auto proven = prove(way, *target); !proven) {
            return std::unexpected(std::move(proven.error()));
        }
    }
    return target;
}

void add_admin(CLI::App& command, AdminWay& way) {
    command
        .add_option(
            "--admin", way.address,
            "Where the connector is asked, instead of what a configuration says: HOST:PORT, https://HOST:PORT or "
            "unix:PATH")
        ->type_name("ADDRESS");
    add_admin_proofs(command, way);
}

void add_admin_proofs(CLI::App& command, AdminWay& way) {
    const auto add = [&](const char* name, std::filesystem::path& file, const char* help, const char* variable) {
        command.add_option(name, file, help)->type_name("FILE")->envname(variable);
    };
    add("--admin-token-file", way.token_file, "The admin token, in a file", "ADIT_ADMIN_TOKEN_FILE");
    add("--admin-ca", way.ca,
        "PEM file of CAs that the server's certificate is from; else the system's, or the one "
        "in the configuration",
        "ADIT_ADMIN_CA");
    add("--admin-cert", way.certificate, "PEM file with the certificate to show", "ADIT_ADMIN_CERT");
    add("--admin-key", way.key, "PEM file with its key", "ADIT_ADMIN_KEY");
}

}  // namespace adit::cli
