// The greeting's two halves; see greeting.h.
#include "common/protocol/greeting.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "common/base/printable.h"

namespace adit::protocol {
namespace json = boost::json;
namespace {

constexpr std::size_t kTextMost = 256;  ///< bytes of a name from the network
constexpr std::size_t kAgentMost = 64;  ///< characters of an agent's id: ours have 20
constexpr std::size_t kListMost = 256;  ///< entries of a list from the network

unsigned number(const h2::Fields& fields, std::string_view name, unsigned otherwise, unsigned most) {
    const std::string_view text = fields.find(name);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool good = !text.empty() && error == std::errc() && end == text.data() + text.size() && value > 0;
    return good ? std::min(value, most) : otherwise;
}

/// One printable line of at most kTextMost bytes, cut between characters: half of one is not UTF-8, and who is told it
/// would refuse it all.
std::string bounded(std::string_view given) {
    const std::string text = printable(given);
    std::size_t size = std::min(text.size(), kTextMost);
    while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
        --size;
    }
    return text.substr(0, size);
}

std::string text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return {};
    }
    return bounded(value->get_string());
}

/// Ids name agents in lists, lines and metrics: nobody is held to the form of ours, but one word it is.
bool could_be_id(std::string_view id) {
    return id.size() <= kAgentMost &&
           id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
               std::string_view::npos;
}

}  // namespace

h2::Fields get(std::string_view path) {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", kAuthority}, {":path", path}};
}

h2::Fields Invitation::to_request() const {
    h2::Fields fields = get(kGreetingPath);
    fields.add("adit-instance", instance);
    fields.add("adit-workers", std::to_string(workers));
    fields.add("adit-wanted-sessions", std::to_string(wanted_sessions));
    fields.add("adit-probe-interval-ms", std::to_string(probe_interval.count()));
    if (time) {
        fields.add("adit-time", format_time(*time));
    }
    if (seat != 0) {
        fields.add("adit-seat", std::to_string(seat));
    }
    return fields;
}

Invitation Invitation::from_request(const h2::Fields& request) {
    Invitation invitation;
    invitation.instance = bounded(request.find("adit-instance"));
    invitation.workers = number(request, "adit-workers", 1, 1024);
    invitation.wanted_sessions = number(request, "adit-wanted-sessions", 1, 1024);
    invitation.probe_interval = std::chrono::milliseconds(number(request, "adit-probe-interval-ms", 1000, 60'000));
    if (const auto time = parse_time(request.find("adit-time"))) {
        invitation.time = *time;
    }
    invitation.seat = number(request, "adit-seat", 0, 255);
    return invitation;
}

std::string Introduction::to_json() const {
    json::object label_object;
    for (const auto& [name, value] : labels) {
        label_object[name] = value;
    }
    return json::serialize(json::object{{"agent", agent},
                                        {"version", version},
                                        {"host", host},
                                        {"labels", std::move(label_object)},
                                        {"allow", json::array(allow.begin(), allow.end())}});
}

Result<Introduction> Introduction::from_json(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error || !value.is_object()) {
        return failure("the agent's greeting is not a JSON object");
    }
    const json::object& object = value.get_object();
    Introduction introduction{text_of(object, "agent"), text_of(object, "version"), text_of(object, "host"), {}, {}};
    if (introduction.agent.empty()) {
        return failure("the agent's greeting does not name the agent");
    }
    if (!could_be_id(introduction.agent)) {
        return failure("the agent's greeting names it by something that is no id: letters, digits, '-', '.' and '_'");
    }
    if (const json::value* labels = object.if_contains("labels"); labels != nullptr && labels->is_object()) {
        for (const auto& member : labels->get_object()) {
            if (introduction.labels.size() < kListMost && member.value().is_string()) {
                introduction.labels.emplace(bounded(member.key()), bounded(member.value().get_string()));
            }
        }
    }
    if (const json::value* allow = object.if_contains("allow"); allow != nullptr && allow->is_array()) {
        for (const json::value& entry : allow->get_array()) {
            if (introduction.allow.size() < kListMost && entry.is_string()) {
                introduction.allow.emplace_back(bounded(entry.get_string()));
            }
        }
    }
    return introduction;
}

}  // namespace adit::protocol
