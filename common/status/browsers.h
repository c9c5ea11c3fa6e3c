// What a web page in somebody's browser may not do with a status server that the browser can reach. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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
};

/// Why a request is refused, in a line; nothing: it is none of a page. Pages name themselves when they send (Fetch
/// §3.2, "Origin"; Fetch Metadata §2.4). One whose own name leads here (DNS rebinding) is told by the Host that its
/// requests have: a name. Who reads from where others than this machine can reach the server may use any: its metrics
/// are asked for by name.
std::optional<std::string> from_a_page(bool changes, const Provenance& provenance, const Place& place);

}  // namespace adit::status
