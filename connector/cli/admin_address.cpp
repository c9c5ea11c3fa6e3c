// Finding the admin address; see admin_address.h.
#include "connector/cli/admin_address.h"

#include "common/config/document.h"
#include "connector/config/table.h"

namespace adit::cli {

Result<net::HostPort> admin_of(const std::filesystem::path& file) {
    yaml::Diagnostics diagnostics;
    const auto root = yaml::load_document(file, yaml::process_environment(), diagnostics);
    if (!root) {
        return usage_error(diagnostics.text());
    }
    const yaml::Member* admin = root->find("admin");
    const yaml::Member* address = admin == nullptr ? nullptr : admin->value.find("address");
    if (address == nullptr) {
        return usage_error(file.string() +
                           " has no admin address to ask at; add admin: { address: \"127.0.0.1:9090\" } (a running "
                           "connector reloads on "
                           "SIGHUP, too)");
    }
    return net::HostPort::parse(address->value.text);
}

Result<net::HostPort> admin_of(const std::string& given, const std::string& config, const FindFile& find_file) {
    if (!given.empty()) {
        return net::HostPort::parse(given);
    }
    const auto file = find_file(config);
    return file ? admin_of(*file) : std::unexpected(file.error());
}

void add_admin(CLI::App& command, std::string& address) {
    command.add_option("--admin", address, "The connector's admin address, instead of that in a configuration")
        ->type_name("ADDRESS");
}

}  // namespace adit::cli
