// Routes: what matches, and what becomes of it.
#include "connector/config/table_parts.h"

#include <algorithm>
#include <array>

#include "common/config/collections.h"
#include "connector/config/pattern.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

/// RFC 9110 §9.1: case-sensitive; written in capitals by all of them.
Result<std::string> parse_method(std::string_view text) {
    const bool good = !text.empty() && text.size() <= 32 &&
                      std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    if (!good) return usage_error("methods are written in capitals, as GET");
    return std::string(text);
}

Object<Match> match() {
    return Object<Match>("match", "What a request must look like.")
        .field("host", &Match::host, Parsed<std::string>("a host pattern", parse_host_pattern),
               "A host, or *.suffix; any when left out.")
        .field("path", &Match::path, Parsed<std::string>("a path pattern", parse_path_pattern),
               "A path; * or {name} is one segment, a final ** or {name**} the rest; any when left out.")
        .field("methods", &Match::methods, List(Parsed<std::string>("a method", parse_method), bounds::conditions),
               "Methods such as GET; any when left out.")
        .field("headers", &Match::headers, TextMap(bounds::conditions, Secrecy::by_name),
               "Header fields that must be there with these values; * is any value.")
        .field("query", &Match::parameters, TextMap(bounds::conditions, Secrecy::by_name),
               "Parameters of the query that must be there with these values; * is any value.");
}

/// A template with names that stand in braces.
Parsed<std::string> path_template() {
    return {"a path template", [](std::string_view text) -> Result<std::string> {
                if (!text.starts_with('/')) return usage_error("a path begins with '/'");
                if (text.find_first_of(" \t\r\n?#") != std::string_view::npos)
                    return usage_error("a path has no blanks, no query and no fragment");
                if (const auto names = template_names(text); !names) return std::unexpected(names.error());
                return std::string(text);
            }};
}

Parsed<std::string> location_template() {
    return {"a URL or path to go to", [](std::string_view text) -> Result<std::string> {
                const bool known = text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://");
                if (!known || text.starts_with("//")) return usage_error("it begins with '/', https:// or http://");
                if (text.find_first_of(" \t\r\n") != std::string_view::npos) return usage_error("it has a blank");
                if (const auto names = template_names(text); !names) return std::unexpected(names.error());
                return std::string(text);
            }};
}

Object<Rewrite> rewrite() {
    return Object<Rewrite>("rewrite", "What of the request is written anew for the backend.")
        .required("path", &Rewrite::path, path_template(), "The path; {name} is what the match's segment stood for.")
        .field("keep_query", &Rewrite::keep_query, Boolean(), "Whether the query goes along.");
}

void redirect_status(const Node& node, const Redirect& redirect, Diagnostics& diagnostics) {
    constexpr std::array known{301U, 302U, 303U, 307U, 308U};
    if (std::ranges::find(known, redirect.status) != known.end()) return;
    diagnostics.error(place_of(node, {"status"}), "a redirect's status is 301, 302, 303, 307 or 308");
}

Object<Redirect> redirect() {
    return Object<Redirect>("redirect", "Sends the client elsewhere.")
        .required("to", &Redirect::to, location_template(), "A URL or a path; {name}, {host} and {path} are filled in.")
        .field("status", &Redirect::status, Integer<std::uint32_t>(301, 308), "301, 302, 303, 307 or 308.")
        .field("keep_query", &Redirect::keep_query, Boolean(), "Whether the query goes along.")
        .rule(redirect_status);
}

/// RFC 9110 §5.5, of which content types need no more than printable characters.
Result<std::string> parse_field_value(std::string_view text) {
    const bool good = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!good) return usage_error("it is one line of printable characters");
    return std::string(text);
}

}  // namespace

yaml::Object<StaticAnswer> static_answer_table() {
    return Object<StaticAnswer>("static", "An answer of the connector's own.")
        .field("status", &StaticAnswer::status, Integer<std::uint32_t>(200, 599), "Its status.")
        .field("content_type", &StaticAnswer::content_type, Parsed<std::string>("a content type", parse_field_value),
               "Its Content-Type.")
        .field("body", &StaticAnswer::body, Text(), "Its body; none when left out.");
}

namespace {

void some_weight(const Node& node, const RouteRule& rule, Diagnostics& diagnostics) {
    const auto* split = node.find("split");
    if (split && std::ranges::all_of(rule.split, [](const SplitShare& share) { return share.weight == 0; }))
        diagnostics.error(split->value.place, "no backend of this split has a weight above 0");
    for (std::size_t i = 0; i < rule.split.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (rule.split[k].backend == rule.split[i].backend)
                diagnostics.error(place_of(node, {"split", i, "backend"}),
                                  "backend '" + rule.split[i].backend + "' has a share of this split already");
}

/// A route does one thing, and its templates use only names that its path gives.
void one_handler(const Node& node, const RouteRule& rule, Diagnostics& diagnostics) {
    const int handlers =
        (rule.backend.empty() ? 0 : 1) + (node.find("split") ? 1 : 0) + (rule.redirect ? 1 : 0) + (rule.fixed ? 1 : 0);
    if (handlers != 1) diagnostics.error(node.place, "a route has one of backend, split, redirect and static");
    for (const char* key : {"rewrite", "mirror"}) {
        const auto* member = node.find(key);
        if (member && rule.backend.empty() && !node.find("split"))
            diagnostics.error(member->value.place, std::string(key) + " belongs to a route with a backend or a split");
    }
    if (const auto* by = node.find("split_by"); by && !node.find("split"))
        diagnostics.error(by->value.place, "split_by belongs to a route with a split");
    const auto names = capture_names(rule.match.path);
    const auto check = [&](const std::string& text, const Place& place) {
        for (const std::string& name : template_names(text).value_or(std::vector<std::string>())) {
            if (name != "host" && name != "path" && std::ranges::find(names, name) == names.end())
                diagnostics.error(place, "{" + name + "} is not in the route's path " + rule.match.path);
        }
    };
    if (rule.rewrite) check(rule.rewrite->path, place_of(node, {"rewrite", "path"}));
    if (rule.redirect) check(rule.redirect->to, place_of(node, {"redirect", "to"}));
}

}  // namespace

yaml::Object<RouteRule> route_table() {
    return Object<RouteRule>("a route", "What becomes of which requests.")
        .field("name", &RouteRule::name, Name(), "How logs and metrics call it; its match when left out.")
        .required("match", &RouteRule::match, match(), "What a request must look like.")
        .field("backend", &RouteRule::backend, Text(), "The name of a backend that answers.")
        .field("split", &RouteRule::split, split_table(), "Backends that share the requests by weight.")
        .field("split_by", &RouteRule::split_by, split_by(),
               "header NAME, cookie NAME or client_ip: what decides about a request's share, so that one client stays "
               "on one side; chance when left out.")
        .field("mirror", &RouteRule::mirror, mirror_table(), "Another backend that gets copies of requests.")
        .field("rewrite", &RouteRule::rewrite, rewrite(), "What of the request is written anew for the backend.")
        .field("redirect", &RouteRule::redirect, redirect(), "Sends the client elsewhere.")
        .field("static", &RouteRule::fixed, static_answer_table(), "An answer of the connector's own.")
        .field("headers", &RouteRule::headers, headers_table(), "Fields that are removed, set or added.")
        .field("max_body", &RouteRule::max_body, Size(0, bounds::max_body_bytes),
               "The largest request body, where the listener takes more; 0 is no further bound.")
        .field("cors", &RouteRule::cors, cors_table(), "Which pages of other origins may use the route.")
        .field("compression", &RouteRule::compression, compression_table(),
               "Content codings for answers that have none; off when left out.")
        .field("policies", &RouteRule::policies, List(Text(), bounds::policies),
               "The ways in which callers may prove who they are, of which the first that fits decides, and limits of "
               "what "
               "they may have, which all count.")
        .field("access", &RouteRule::access, List(AccessRule(), bounds::access_rules),
               "Who may use the route; default deny where callers are authenticated.")
        .field("timeouts", &RouteRule::timeouts, timeouts_table(),
               "How long each phase may take, over what the backend says.")
        .field("retry", &RouteRule::retry, retry_table(),
               "When a request is tried again, instead of what the backend says.")
        .field("circuit", &RouteRule::circuit, circuit_table(), "A circuit of this route, besides the backend's.")
        .field("bulkhead", &RouteRule::bulkhead, bulkhead_table(),
               "Requests of this route in progress at once, besides the backend's bound.")
        .field("cache", &RouteRule::cache, cache_table(), "Answers that are kept, instead of what the backend says.")
        .field("fallback", &RouteRule::fallback, fallback_table(),
               "Who answers when the backend cannot, instead of what the backend says.")
        .field("cost", &RouteRule::cost, Integer<std::uint32_t>(0, bounds::max_cost),
               "Of one request, in the tokens of rate limits.")
        .field("essential", &RouteRule::essential, Boolean(), "false: it answers 503 while functionality is reduced.")
        .field("priority", &RouteRule::priority, priority(),
               "Who is shed first when the connector is short of something.")
        .later({"handler"})
        .rule(one_handler)
        .rule(some_weight)
        .rule(check_field_templates);
}

}  // namespace adit::config
