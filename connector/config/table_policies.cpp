// Policies of routes: fields written anew, CORS, compression.
#include <algorithm>
#include <array>
#include <span>

#include "common/base/strings.h"
#include "common/config/collections.h"
#include "connector/config/field_template.h"
#include "connector/config/pattern.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
    });
}

bool stands_in(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::any_of(names, [&](std::string_view one) { return iequals(one, name); });
}

/// Why a policy cannot touch a field of that name; empty when it can.
std::string fault_of_name(std::string_view name, bool request) {
    static constexpr std::array<std::string_view, 12> framing{
        "connection", "content-length",   "expect",  "keep-alive", "proxy-authenticate", "proxy-authorization",
        "te",         "proxy-connection", "trailer", "upgrade",    "transfer-encoding",  "http2-settings"};
    static constexpr std::array<std::string_view, 4> told{"forwarded", "x-forwarded-for", "x-forwarded-host",
                                                          "x-forwarded-proto"};
    if (!is_token(name)) return "it has a character that a field name cannot have";
    if (stands_in(framing, name)) return "it belongs to one connection and is written anew on each (RFC 9110 §7.6.1)";
    if (iequals(name, "via")) return "it tells of each hop; see the backend's forwarding.via";
    if (request && iequals(name, "host")) return "see the backend's forwarding.host";
    if (request && iequals(name, "x-request-id")) return "this connector writes it";
    if (request && stands_in(told, name)) return "see the backend's forwarding";
    return {};
}

Object<FieldEdits> edits(const char* name, const char* doc, bool request) {
    const auto check = [request](const Node& node, const FieldEdits& edits, Diagnostics& diagnostics) {
        const auto refuse = [&](std::string_view field, const Place& place) {
            if (const auto fault = fault_of_name(field, request); !fault.empty())
                diagnostics.error(place, "'" + std::string(field) + "' cannot be changed here: " + fault);
        };
        for (std::size_t i = 0; i < edits.remove.size(); ++i) refuse(edits.remove[i], place_of(node, {"remove", i}));
        for (const char* key : {"set", "add"})
            if (const auto* member = node.find(key))
                for (const auto& [field, key_place, value] : member->value.members) refuse(field, key_place);
    };
    return Object<FieldEdits>(name, doc)
        .field("remove", &FieldEdits::remove, List(Text(), bounds::field_edits), "Names of fields that go.")
        .field("set", &FieldEdits::set, TextMap(bounds::field_edits, Secrecy::by_name),
               "Fields with the values that they get, instead of all that came of that name.")
        .field("add", &FieldEdits::add, TextMap(bounds::field_edits, Secrecy::by_name),
               "Fields that come besides those of that name.")
        .rule(check);
}

/// An origin as browsers write it (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin).
Result<std::string> parse_origin(std::string_view text) {
    if (text == "*") return std::string(text);
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos || !is_token(text.substr(0, scheme)))
        return usage_error("it is a scheme and a host, as https://app.example.com, or *");
    std::string_view host = text.substr(scheme + 3);
    if (host.ends_with('/')) return usage_error("an origin has no path, not even '/'");
    if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
        if (const auto port = parse_port(host.substr(colon + 1), ZeroPort::refused); !port)
            return std::unexpected(port.error());
        host = host.substr(0, colon);
    }
    if (host.starts_with("*.")) host.remove_prefix(2);
    if (const auto name = parse_host(host); !name) return std::unexpected(name.error());
    return to_lower(text);
}

Parsed<std::string> token(const char* what) {
    return {what, [](std::string_view text) -> Result<std::string> {
                if (is_token(text)) return std::string(text);
                return usage_error("it has a character that is not allowed");
            }};
}

void sensible_cors(const Node& node, const Cors& cors, Diagnostics& diagnostics) {
    if (cors.origins.empty()) diagnostics.error(place_of(node, {"origins"}), "cors needs an origin");
    for (std::size_t i = 0; i < cors.origins.size(); ++i)
        if (cors.origins[i] == "*" && cors.credentials)
            diagnostics.error(place_of(node, {"origins", i}),
                              "every page anywhere could act as its visitor: with credentials, origins are listed");
}

Result<std::string> parse_media_range(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto subtype = text.substr(std::min(slash + 1, text.size()));
    const bool good = slash != std::string_view::npos && is_token(text.substr(0, slash)) && is_token(subtype) &&
                      !text.substr(0, slash).contains('*') &&
                      (!subtype.contains('*') || subtype == "*" ||
                       (subtype.starts_with("*+") && subtype.find('*', 1) == std::string_view::npos));
    if (!good) return usage_error("it is written as application/json, text/* or application/*+json");
    return to_lower(text);
}

}  // namespace

yaml::Object<HeaderEdits> headers_table() {
    return Object<HeaderEdits>("headers", "Fields that are removed, set or added.")
        .field("request", &HeaderEdits::request, edits("request", "Of what the backend gets.", true),
               "Of what the backend gets.")
        .field("response", &HeaderEdits::response, edits("response", "Of what the client gets.", false),
               "Of what the client gets: answers of the backend, of the route itself, and errors.");
}

yaml::Object<Cors> cors_table() {
    return Object<Cors>("cors", "Which pages of other origins may use the route.")
        .required("origins", &Cors::origins,
                  List(Parsed<std::string>("an origin such as https://app.example.com", parse_origin), bounds::cors),
                  "Origins as browsers write them; https://*.example.com is any host below, * is all.")
        .field("methods", &Cors::methods, List(token("a method"), bounds::cors), "Methods that pages may use.")
        .field("headers", &Cors::headers, List(token("a field name"), bounds::cors),
               "Request fields that pages may set; * is whatever they ask for.")
        .field("expose", &Cors::expose, List(token("a field name"), bounds::cors),
               "Response fields that pages may read.")
        .field("credentials", &Cors::credentials, Boolean(), "Whether pages may send cookies and authorization.")
        .field("max_age", &Cors::max_age, Duration(0ms, bounds::max_timeout),
               "How long browsers may remember a preflight.")
        .rule(sensible_cors);
}

yaml::Object<Compression> compression_table() {
    return Object<Compression>("compression", "Content codings for answers that have none.")
        .field("encodings", &Compression::encodings,
               List(Choice<ContentCoding>({{"br", ContentCoding::br}, {"gzip", ContentCoding::gzip}}), 2),
               "br and gzip, the preferred one first.")
        .field("min_size", &Compression::min_size, Size(0, bounds::max_body_bytes),
               "Smaller bodies go as they are; those of unknown size are compressed.")
        .field("types", &Compression::types,
               List(Parsed<std::string>("a media type", parse_media_range), bounds::compressed_types),
               "Media types; text/* and application/*+json are ranges. By default those that shrink.");
}

void check_field_templates(const Node& node, const RouteRule& rule, Diagnostics& diagnostics) {
    const auto captures = capture_names(rule.match.path);
    const auto known = [&](const std::string& name) {
        return request_value(name) || is_token(header_of(name)) || !attribute_of(name).empty() ||
               (!name.empty() && std::ranges::find(captures, name) != captures.end());
    };
    const auto check = [&](const std::map<std::string, std::string>& fields, const char* head, const char* key) {
        for (const auto& [name, text] : fields) {
            const Place place = place_of(node, {"headers", head, key, name});
            const auto pieces = parse_field_template(text);
            if (!pieces) {
                diagnostics.error(place, "the value of '" + name + "': " + pieces.error().message);
                continue;
            }
            for (const TemplatePiece& piece : *pieces)
                if (piece.kind == TemplatePiece::Kind::name && !known(piece.text))
                    diagnostics.error(
                        place, "{" + piece.text +
                                   "} is none of client_ip, host, path, method, request_id, route, "
                                   "backend, scheme, consumer, consumer.environment, "
                                   "consumer.project, attribute.NAME, header.NAME and the names in the route's path " +
                                   rule.match.path);
        }
    };
    check(rule.headers.request.set, "request", "set");
    check(rule.headers.request.add, "request", "add");
    check(rule.headers.response.set, "response", "set");
    check(rule.headers.response.add, "response", "add");
}

}  // namespace adit::config
