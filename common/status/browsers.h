// What a web page in somebody's browser may not do with a status server that the browser can reach. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::status {

/// Fields of a request by which browsers tell where it comes from.
struct Provenance {
    std::optional<std::string_view> host = {};
    std::optional<std::string_view> origin = {};
    std::optional<std::string_view> fetch_site = {};  ///< Sec-Fetch-Site
};

/// Where the server listens.
struct Place {
    std::string host;  ///< as it is configured
    bool loopback = true;
    bool by_tls = false;
    bool reached_by_path = false;         ///< a Unix socket: no name leads to it
    std::vector<std::string> names = {};  ///< that lead here by TLS: those of its certificate
};

/// Why a request is refused, in a line; nothing: it is none of a page. Pages name themselves when they send (Fetch
/// §3.2, "Origin"; Fetch Metadata §2.4). One whose own name leads here (DNS rebinding) is told by the Host that its
/// requests have: a name. Who reads in clear text, from where others than this machine can reach the server, may use
/// any: its metrics are asked for by name.
std::optional<std::string> from_a_page(bool changes, const Provenance& provenance, const Place& place);

}  // namespace adit::status
