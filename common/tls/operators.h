// TLS between operators and the admin server: contexts of their own kind.
#pragma once

#include <string>
#include <vector>

#include "common/tls/client_check.h"
#include "common/tls/context.h"

namespace adit::tls {

/// TLS 1.3 and HTTP/1.1. No tickets, so each connection shows its certificate anew.
Result<Context> operators_server(const Context::Files& certificate, const ClientCheck& clients);
/// Host names in the certificate that a context shows (RFC 6125: alternative names of DNS).
std::vector<std::string> host_names(const Context& context);

/// TLS towards a server whose key is known beforehand: no certificate is verified, so whoever uses it compares the
/// stream's peer_spki() with that key before a byte is sent. `chain` and `key` are shown in turn, unless empty.
Result<Context> to_known_server(const std::filesystem::path& chain, const std::filesystem::path& key);
/// The key of the first certificate in a PEM file.
Result<Spki> spki_in(const std::filesystem::path& file);

}  // namespace adit::tls
