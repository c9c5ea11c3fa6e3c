// Documents with keys in them; see aws_documents.h.
#include "connector/credential/aws_documents.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>

#include "common/base/secret.h"
#include "common/base/strings.h"
#include "connector/credential/xml_leaves.h"

namespace adit::credential {
namespace {

constexpr std::size_t kWordsMost = 300;  ///< of what a provider says of an error

/// Errors of STS that pass by themselves; another token or another moment helps.
constexpr std::array<std::string_view, 7> kPassing = {
    "IDPCommunicationError", "Throttling",      "ThrottlingException",  "RequestLimitExceeded",
    "ServiceUnavailable",    "InternalFailure", "ExpiredTokenException"};

std::unexpected<fetch::Trouble> trouble(fetch::Fault fault, std::string words) {
    return std::unexpected(fetch::Trouble{fault, std::move(words)});
}

std::unexpected<fetch::Trouble> makes_no_sense(std::string_view who, std::string_view what) {
    return trouble(fetch::Fault::transient, std::string(who) + ": " + std::string(what));
}

/// Words of another program, fit for one line of a log.
std::string in_words(std::string_view text) {
    std::string out(text.substr(0, kWordsMost));
    std::ranges::replace_if(out, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }, ' ');
    return out;
}

/// "2026-01-02T03:04:05Z", perhaps with a fraction of a second.
Result<WallTime> parse_expiration(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point != std::string_view::npos && text.ends_with('Z')) {
        return parse_time(std::string(text.substr(0, point)) + "Z");
    }
    return parse_time(text);
}

/// Keys are good only as a whole.
KeysMade make_keys(std::string_view who, std::string_view id, std::string_view secret, std::string_view token,
                   std::string_view expiration, WallTime now) {
    if (id.empty() || secret.empty() || token.empty()) {
        return makes_no_sense(who, "an answer without all of access key, secret and session token");
    }
    const auto printable = [](std::string_view text) {
        return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
    };
    if (!printable(id) || !printable(token)) {
        return makes_no_sense(who, "keys that cannot stand in a field");
    }
    const auto expires = parse_expiration(expiration);
    if (!expires) {
        return makes_no_sense(who, "keys without a time at which they expire");
    }
    if (*expires <= now) {
        return makes_no_sense(
            who, "keys that expired at " + format_time(*expires) + "; it is " + format_time(now) + " here");
    }
    auto value = std::make_shared<AwsKeysValue>();
    value->fetched = now;
    value->life = std::chrono::duration_cast<std::chrono::milliseconds>(*expires - now);
    value->credentials = {std::string(id), Secret(std::string(secret)), Secret(std::string(token))};
    return value;
}

void wipe(XmlLeaves& leaves) {
    for (auto& [path, text] : leaves) {
        wipe_memory(text.data(), text.size());
    }
}

std::string_view leaf(const XmlLeaves& leaves, std::string_view path) {
    const auto found = leaves.find(path);
    return found == leaves.end() ? std::string_view() : trim(found->second);
}

/// A member that is text, or nothing.
std::string_view text_of(const boost::json::object& object, std::string_view name) {
    const boost::json::value* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string_view(member->get_string()) : std::string_view();
}

bool passes_by_itself(int status) {
    return status >= 500 || status == 429 || status == 408;
}

}  // namespace

KeysMade read_sts_answer(int status, std::string_view body, WallTime now) {
    auto leaves = parse_xml_leaves(body);
    if (status == 200) {
        if (!leaves) {
            return makes_no_sense("STS", "an answer that is not the XML of a role's credentials");
        }
        const std::string credentials =
            "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/";
        auto made =
            make_keys("STS", leaf(*leaves, credentials + "AccessKeyId"), leaf(*leaves, credentials + "SecretAccessKey"),
                      leaf(*leaves, credentials + "SessionToken"), leaf(*leaves, credentials + "Expiration"), now);
        wipe(*leaves);
        return made;
    }
    const std::string code(leaves ? leaf(*leaves, "ErrorResponse/Error/Code") : std::string_view());
    const std::string_view message = leaves ? leaf(*leaves, "ErrorResponse/Error/Message") : std::string_view();
    const bool passing =
        code.empty() || passes_by_itself(status) || std::ranges::find(kPassing, code) != kPassing.end();
    return trouble(passing ? fetch::Fault::transient : fetch::Fault::permanent,
                   "STS answered " + std::to_string(status) + (code.empty() ? "" : " " + in_words(code)) +
                       (message.empty() ? "" : ": " + in_words(message)));
}

KeysMade read_keys_document(std::string_view who, int status, std::string_view body, WallTime now) {
    boost::system::error_code malformed;
    boost::json::value document = boost::json::parse(body, malformed);
    const boost::json::object* members = malformed ? nullptr : document.if_object();
    // An instance says in its document what is wrong, and 200 all the same.
    const std::string_view code = members == nullptr ? std::string_view() : text_of(*members, "Code");
    if (status != 200 || (!code.empty() && code != "Success")) {
        const std::string_view said = members == nullptr ? std::string_view()
                                      : code.empty()     ? text_of(*members, "code")
                                                         : code;
        const std::string_view message = members == nullptr ? std::string_view()
                                         : code.empty()     ? text_of(*members, "message")
                                                            : text_of(*members, "Message");
        const bool refused = status == 401 || status == 403 || status == 400;
        return trouble(refused ? fetch::Fault::permanent : fetch::Fault::transient,
                       std::string(who) + " answered " + std::to_string(status) +
                           (said.empty() ? "" : " " + in_words(said)) +
                           (message.empty() ? "" : ": " + in_words(message)));
    }
    if (members == nullptr) {
        return makes_no_sense(who, "an answer that is not the JSON of credentials");
    }
    auto made = make_keys(who, text_of(*members, "AccessKeyId"), text_of(*members, "SecretAccessKey"),
                          text_of(*members, "Token"), text_of(*members, "Expiration"), now);
    for (auto& [name, member] : document.get_object()) {
        if (member.is_string()) {
            wipe_memory(member.get_string().data(), member.get_string().size());
        }
    }
    return made;
}

}  // namespace adit::credential
