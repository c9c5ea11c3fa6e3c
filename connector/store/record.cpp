// JSON to records and back; see record.h.
#include "connector/store/record.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <set>
#include <span>

#include "common/net/network.h"
#include "connector/store/json_reader.h"

namespace adit {
namespace json = boost::json;
namespace {

constexpr std::size_t kKeysMost = 256;
constexpr std::size_t kRowMost = 64;  ///< lobby and seats
constexpr std::size_t kServicesMost = 10'000;

std::string index_of(std::string_view list, std::size_t i) {
    return std::string(list) + "[" + std::to_string(i) + "]";
}

/// Why an endpoint cannot be used; empty when it can.
std::string endpoint_problem(std::string_view endpoint) {
    const auto url = boost::urls::parse_uri(endpoint);
    if (!url || url->host().empty()) {
        return "'" + std::string(endpoint) + "' is not a URL of the form http://host:port/base";
    }
    if (url->scheme() != "http" && url->scheme() != "https") {
        return "'" + std::string(endpoint) + "' must begin with http:// or https://";
    }
    if (url->has_userinfo() || url->has_query() || url->has_fragment()) {
        return "'" + std::string(endpoint) + "' must be scheme, host, port and path only";
    }
    return {};
}

Result<AccessRecord> read_access(const JsonReader& reader, const json::value& value, const std::string& where) {
    if (!value.is_object()) {
        return reader.wrong(where, "an object with project and accessibleBy was expected");
    }
    const json::object& object = value.get_object();
    static const std::vector<std::string> names{"project", "accessibleBy"};
    if (auto known = reader.only(object, where, names); !known) {
        return std::unexpected(std::move(known.error()));
    }
    AccessRecord access;
    auto project = reader.text(object, where, "project");
    auto environments = reader.list(object, where, "accessibleBy", kServicesMost);
    if (!project || !environments) {
        return std::unexpected(project ? environments.error() : project.error());
    }
    access.project = std::move(*project);
    for (const json::value& environment : *environments) {
        if (!environment.is_string()) {
            return reader.wrong(where, "member 'accessibleBy' must be a list of texts");
        }
        access.accessible_by.emplace_back(environment.get_string());
    }
    return access;
}

Result<ServiceRecord> read_service(const JsonReader& reader, const json::value& value, const std::string& where) {
    if (!value.is_object()) {
        return reader.wrong(where, "an object with name and endpoint was expected");
    }
    const json::object& object = value.get_object();
    static const std::vector<std::string> names{"name", "endpoint", "configurations"};
    if (auto known = reader.only(object, where, names); !known) {
        return std::unexpected(std::move(known.error()));
    }
    auto name = reader.text(object, where, "name");
    auto endpoint = reader.text(object, where, "endpoint");
    auto configurations = reader.list(object, where, "configurations", kServicesMost);
    for (const Error* error :
         std::initializer_list<const Error*>{name ? nullptr : &name.error(), endpoint ? nullptr : &endpoint.error(),
                                             configurations ? nullptr : &configurations.error()}) {
        if (error != nullptr) {
            return std::unexpected(*error);
        }
    }
    if (!valid_name(*name)) {
        return reader.wrong(where, "'" + *name + "' is not a service name: lower-case letters, digits and dashes");
    }
    if (const std::string problem = endpoint_problem(*endpoint); !problem.empty()) {
        return reader.wrong(where + ".endpoint", problem);
    }
    ServiceRecord service{std::move(*name), std::move(*endpoint), {}};
    for (std::size_t i = 0; i < configurations->size(); ++i) {
        auto access = read_access(reader, (*configurations)[i], index_of(where + ".configurations", i));
        if (!access) {
            return std::unexpected(std::move(access.error()));
        }
        service.configurations.push_back(std::move(*access));
    }
    return service;
}

Result<std::vector<ServiceRecord>> read_services(const JsonReader& reader, const json::object& object) {
    const auto list = reader.list(object, "", "services", kServicesMost);
    if (!list) {
        return std::unexpected(list.error());
    }
    std::vector<ServiceRecord> services;
    std::set<std::string> names;
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto service = read_service(reader, (*list)[i], index_of("services", i));
        if (!service) {
            return std::unexpected(std::move(service.error()));
        }
        if (!names.insert(service->name).second) {
            return reader.wrong(index_of("services", i), "the service name '" + service->name + "' is there twice");
        }
        services.push_back(std::move(*service));
    }
    return services;
}

/// Public keys of a row, each once.
Result<std::vector<wireguard::PublicKey>> read_public_keys(const JsonReader& reader, const json::object& object,
                                                           const std::string& where) {
    const auto list = reader.list(object, where, "public_keys", kRowMost);
    if (!list) {
        return std::unexpected(list.error());
    }
    if (list->size() < 2) {
        return reader.wrong(where, "member 'public_keys' must name the lobby's key and one of a seat at least");
    }
    std::vector<wireguard::PublicKey> keys;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const json::value& value = (*list)[i];
        const auto key = value.is_string() ? wireguard::PublicKey::parse(value.get_string()) : std::nullopt;
        const std::string place = index_of(where + ".public_keys", i);
        if (!key) {
            return reader.wrong(place,
                                "a WireGuard public key was expected: 32 bytes in base64, as `wg pubkey` prints");
        }
        if (std::ranges::find(keys, *key) != keys.end()) {
            return reader.wrong(place, "this public key is there twice");
        }
        keys.push_back(*key);
    }
    return keys;
}

Result<WireGuardRecord> read_wireguard(const JsonReader& reader, const json::value& value, const std::string& where) {
    if (!value.is_object()) {
        return reader.wrong(where, "an object with public_keys and address was expected");
    }
    const json::object& object = value.get_object();
    static const std::vector<std::string> names{"public_keys", "address"};
    if (auto known = reader.only(object, where, names); !known) {
        return std::unexpected(std::move(known.error()));
    }
    auto keys = read_public_keys(reader, object, where);
    const auto text = reader.text(object, where, "address");
    if (!keys || !text) {
        return std::unexpected(keys ? text.error() : keys.error());
    }
    boost::system::error_code bad;
    const auto address = boost::asio::ip::make_address(*text, bad);
    if (bad || address.is_unspecified() || address.is_multicast() || address.is_loopback()) {
        return reader.wrong(where, "member 'address' must be the first IP address of the row, not '" + *text + "'");
    }
    if (net::address_after(address, keys->size() - 1) < address) {
        return reader.wrong(where, "there are not as many addresses behind " + *text + " as there are public keys");
    }
    return WireGuardRecord{std::move(*keys), address};
}

Result<KeyRecord> read_key(const JsonReader& reader, const json::value& value, const std::string& where) {
    if (!value.is_object()) {
        return reader.wrong(where, "an object with id and spki_sha256 was expected");
    }
    const json::object& object = value.get_object();
    static const std::vector<std::string> names{"id", "spki_sha256", "created", "expires", "wireguard"};
    if (auto known = reader.only(object, where, names); !known) {
        return std::unexpected(std::move(known.error()));
    }
    const auto id = reader.text(object, where, "id");
    const auto spki_text = reader.text(object, where, "spki_sha256");
    const auto created = reader.time(object, where, "created");
    if (!id || !spki_text || !created) {
        return std::unexpected(!id ? id.error() : !spki_text ? spki_text.error() : created.error());
    }
    const auto spki = tls::Spki::parse(*spki_text);
    if (!spki) {
        return reader.wrong(where, "member 'spki_sha256' is not a SHA-256 in base64url");
    }
    KeyRecord key{*id, *spki, *created, std::nullopt, std::nullopt};
    if (object.contains("expires")) {
        const auto expires = reader.time(object, where, "expires");
        if (!expires) {
            return std::unexpected(expires.error());
        }
        key.expires = *expires;
    }
    if (const json::value* part = object.if_contains("wireguard")) {
        auto wireguard = read_wireguard(reader, *part, where + ".wireguard");
        if (!wireguard) {
            return std::unexpected(std::move(wireguard.error()));
        }
        key.wireguard = std::move(*wireguard);
    }
    return key;
}

json::array to_json(const std::vector<ServiceRecord>& services) {
    json::array list;
    for (const ServiceRecord& service : services) {
        json::array configurations;
        for (const AccessRecord& access : service.configurations) {
            configurations.push_back(
                json::object{{"project", access.project},
                             {"accessibleBy", json::array(access.accessible_by.begin(), access.accessible_by.end())}});
        }
        list.push_back(json::object{
            {"name", service.name}, {"endpoint", service.endpoint}, {"configurations", std::move(configurations)}});
    }
    return list;
}

}  // namespace

bool valid_name(std::string_view name) {
    const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
           std::ranges::all_of(name, inner);
}

Result<TunnelRecord> parse_tunnel(std::string_view text, const std::string& place) {
    const JsonReader reader(place);
    const auto object = reader.document(text);
    if (!object) {
        return std::unexpected(object.error());
    }
    static const std::vector<std::string> names{"version", "id", "name", "created", "keys", "services"};
    if (auto known = reader.only(*object, "", names); !known) {
        return std::unexpected(std::move(known.error()));
    }
    if (auto version = reader.version(*object); !version) {
        return std::unexpected(std::move(version.error()));
    }
    const auto id = reader.text(*object, "", "id");
    const auto name = reader.text(*object, "", "name");
    const auto created = reader.time(*object, "", "created");
    const auto keys = reader.list(*object, "", "keys", kKeysMost);
    auto services = read_services(reader, *object);
    for (const Error* error : std::initializer_list<const Error*>{
             id ? nullptr : &id.error(), name ? nullptr : &name.error(), created ? nullptr : &created.error(),
             keys ? nullptr : &keys.error(), services ? nullptr : &services.error()}) {
        if (error != nullptr) {
            return std::unexpected(*error);
        }
    }
    if (!valid_name(*name)) {
        return reader.wrong("name", "'" + *name + "' is not a tunnel name: lower-case letters, digits and dashes");
    }
    TunnelRecord record{*id, *name, *created, {}, std::move(*services)};
    for (std::size_t i = 0; i < keys->size(); ++i) {
        auto key = read_key(reader, (*keys)[i], index_of("keys", i));
        if (!key) {
            return std::unexpected(std::move(key.error()));
        }
        record.keys.push_back(std::move(*key));
    }
    return record;
}

std::string format_tunnel(const TunnelRecord& record) {
    json::array keys;
    for (const KeyRecord& key : record.keys) {
        json::object object{{"id", key.id}, {"spki_sha256", key.spki.text()}, {"created", format_time(key.created)}};
        if (key.expires) {
            object["expires"] = format_time(*key.expires);
        }
        if (key.wireguard) {
            json::array public_keys;
            for (const wireguard::PublicKey& public_key : key.wireguard->public_keys) {
                public_keys.emplace_back(public_key.text());
            }
            object["wireguard"] = {{"address", key.wireguard->address.to_string()},
                                   {"public_keys", std::move(public_keys)}};
        }
        keys.push_back(std::move(object));
    }
    // One member a line where people look at it: the file lives in Git or a ConfigMap as well.
    std::string out = "{\n  \"version\": 1,\n";
    out += "  \"id\": " + json::serialize(record.id) + ",\n  \"name\": " + json::serialize(record.name) + ",\n";
    out += "  \"created\": \"" + format_time(record.created) + "\",\n";
    const auto append_list = [&out](const char* name, const json::array& list, const char* end) {
        out += std::string("  \"") + name + "\": [";
        for (std::size_t i = 0; i < list.size(); ++i) {
            out += (i == 0 ? "\n    " : ",\n    ") + json::serialize(list[i]);
        }
        out += std::string(list.empty() ? "]" : "\n  ]") + end;
    };
    append_list("keys", keys, ",\n");
    append_list("services", to_json(record.services), "\n}\n");
    return out;
}

Result<std::vector<ServiceRecord>> parse_services(std::string_view text, const std::string& place) {
    const JsonReader reader(place);
    const auto object = reader.document(text);
    if (!object) {
        return std::unexpected(object.error());
    }
    static const std::vector<std::string> names{"version", "services"};
    if (auto known = reader.only(*object, "", names); !known) {
        return std::unexpected(std::move(known.error()));
    }
    if (auto version = reader.version(*object); !version) {
        return std::unexpected(std::move(version.error()));
    }
    if (!object->contains("services")) {
        return reader.wrong("", "member 'services' is missing");
    }
    return read_services(reader, *object);
}

std::string format_services(const std::vector<ServiceRecord>& services) {
    return json::serialize(json::object{{"version", 1}, {"services", to_json(services)}});
}

}  // namespace adit
