// The JSON of tunnels: files in tunnels.d/, what `tunnel services update` takes, and the access rules in both.
#include "connector/store/access_rules.h"
#include "connector/store/record.h"
#include "connector/tunnel/table.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

/// A file that names projects means that nobody else may: also one that names none of their environments.
void demand_denial(const ServiceRecord& service) {
    const auto rules = access_rules(service);
    fuzz::demand(rules.has_value() == !service.configurations.empty(), "who names projects makes rules");
    access::Target target;
    target.service = service.name;
    target.service_rules = rules ? &*rules : nullptr;
    access::Caller stranger;
    stranger.consumer = "stranger";
    fuzz::demand(!access::decide(stranger, target).allowed, "a stranger is denied in any case");
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    if (const auto services = parse_services(input, "s.json")) {
        const std::string text = format_services(*services);
        const auto again = parse_services(text, "s.json");
        demand(again.has_value() && format_services(*again) == text, "services that we write can be read");
        for (const ServiceRecord& service : *services) {
            demand(valid_name(service.name), "a service has a name");
            demand_denial(service);
        }
    } else {
        demand(services.error().message.starts_with("s.json"), "an error says where it is");
    }
    const auto record = parse_tunnel(input, "t.json");
    if (!record) {
        demand(record.error().message.starts_with("t.json"), "an error says where it is");
        return;
    }
    const std::string text = format_tunnel(*record);
    const auto again = parse_tunnel(text, "t.json");
    demand(again.has_value() && format_tunnel(*again) == text, "a tunnel that we write can be read");
    const tunnel::Table table({*record});
    for (const ServiceRecord& service : record->services) {
        const tunnel::ServiceEntry* entry = table.service(service.name);
        demand(entry != nullptr && entry->tunnel_id == record->id, "a service is its tunnel's");
        demand(entry->target.port != 0 && !entry->target.host.empty(), "and is somewhere");
        demand(!table.services_at(entry->target).empty(), "where it is found");
    }
}
