// The path of a request in the form in which it is matched and forwarded; then a target for a forward proxy's CONNECT.
#include <algorithm>
#include <string>

#include "common/base/percent.h"
#include "common/net/address.h"
#include "common/net/network.h"
#include "connector/http/authority.h"
#include "connector/route/path.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;
using fuzz::demand;

void path(std::string_view raw) {
    std::string scratch;
    const auto normal = route::normalise_path(raw, scratch);
    if (!normal) {
        demand(!route::describe(normal.error()).empty(), "a bad path is told why");
        return;
    }
    std::string more;
    const auto again = route::normalise_path(*normal, more);
    demand(again && *again == *normal, "a normal path stays as it is");
    demand(normal->starts_with('/'), "a path is absolute");
    demand(
        !normal->contains("/../") && !normal->contains("/./") && !normal->ends_with("/..") && !normal->ends_with("/."),
        "nothing leads up");
    demand(normal->find_first_of(std::string_view("\\ ?#\0\r\n", 7)) == std::string_view::npos, "and nothing out");
    if (const auto decoded = percent_decode(*normal)) {
        demand(std::ranges::count(*decoded, '/') == std::ranges::count(*normal, '/'),
               "whoever decodes sees as many segments");
        demand(!decoded->contains("/../"), "and none that leads up");
    }
}

void place(std::string_view text) {
    if (const auto target = net::HostPort::parse(text)) {
        const auto again = net::HostPort::parse(target->text());
        demand(again && *again == *target, "a place that we write is the one that we read");
        demand(target->port != 0, "a port is one");
    }
    if (const auto network = net::Network::parse(text)) {
        const auto again = net::Network::parse(network->text());
        demand(again && *again == *network && network->contains(network->first()), "so is a network");
    }
    if (http::valid_authority(text)) {
        const std::string_view host = http::host_of(text);
        demand(text.starts_with(host), "a host is the front of its authority");
        demand(text.find_first_of(std::string_view("@/ \r\n\0", 6)) == std::string_view::npos,
               "and nothing to guess at");
    }
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    path(input);
    place(input);
}
