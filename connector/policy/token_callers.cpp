// Claims, consumers and attributes; see token_callers.h.
#include "connector/policy/token_callers.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace json = boost::json;

namespace adit::policy {
namespace {

bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

std::optional<std::string> scalar_text(const json::value& value) {
    if (const json::string* text = value.if_string()) {
        return is_one_line(*text) ? std::optional(std::string(std::string_view(*text))) : std::nullopt;
    }
    return value.is_number() || value.is_bool() ? std::optional(json::serialize(value)) : std::nullopt;
}

/// All that a claim says, one by one.
std::vector<std::string> texts_of(const json::value& claim) {
    std::vector<std::string> texts;
    const auto add = [&](const json::value& value) {
        if (auto text = scalar_text(value)) {
            texts.push_back(std::move(*text));
        }
    };
    if (const json::array* list = claim.if_array()) {
        std::ranges::for_each(*list, add);
    } else {
        add(claim);
    }
    return texts;
}

bool says(const json::object& claims, const std::string& path, const std::string& value) {
    const json::value* claim = find_claim(claims, path);
    const auto texts = claim == nullptr ? std::vector<std::string>() : texts_of(*claim);
    return std::ranges::find(texts, value) != texts.end();
}

}  // namespace

const json::value* find_claim(const json::object& claims, std::string_view path) {
    if (const json::value* claim = claims.if_contains(path)) {
        return claim;  // "https://example.com/roles" is one name
    }
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
        const json::value* outer = claims.if_contains(path.substr(0, dot));
        if (outer == nullptr || !outer->is_object()) {
            continue;
        }
        if (const json::value* inner = find_claim(outer->get_object(), path.substr(dot + 1))) {
            return inner;
        }
    }
    return nullptr;
}

std::optional<std::string> claim_text(const json::value& claim) {
    const json::array* list = claim.if_array();
    if (list == nullptr) {
        return scalar_text(claim);
    }
    std::string joined;
    for (const json::value& element : *list) {
        const auto text = scalar_text(element);
        if (!text) {
            return std::nullopt;  // a list with a part missing would say something else
        }
        joined.append(joined.empty() ? "" : " ").append(*text);
    }
    return joined;
}

TokenCallers::TokenCallers(const config::JwtPolicy& policy, std::string by, const Consumers& consumers)
    : policy_(policy), by_(std::move(by)) {
    for (const config::Consumer& consumer : consumers.all()) {
        CallerPtr caller;
        for (const config::TokenName& name : consumer.tokens) {
            if (name.issuer != policy_.issuer) {
                continue;
            }
            if (!caller) {
                caller = std::make_shared<const access::Caller>(caller_of(consumer, by_));
            }
            list(name, caller);
        }
    }
}

void TokenCallers::list(const config::TokenName& name, const CallerPtr& caller) {
    const std::size_t index = listed_.size();
    listed_.push_back({{name.claims.begin(), name.claims.end()}, caller});
    if (name.claims.empty()) {
        unconditional_.push_back(index);
        return;
    }
    const auto& [claim, value] = *name.claims.begin();
    auto by = std::ranges::find(index_, claim, &ByClaim::claim);
    if (by == index_.end()) {
        by = index_.insert(index_.end(), ByClaim{claim, {}});
    }
    by->values[value].push_back(index);
}

const TokenCallers::Listed* TokenCallers::find_listed(const json::object& claims) const {
    std::size_t first = unconditional_.empty() ? listed_.size() : unconditional_.front();
    const auto look = [&](const Indices& indices) {
        for (const std::size_t index : indices) {
            if (index >= first) {
                return;
            }
            const auto met = [&](const auto& wanted) { return says(claims, wanted.first, wanted.second); };
            if (std::ranges::all_of(listed_[index].claims, met)) {
                first = index;
            }
        }
    };
    for (const ByClaim& by : index_) {
        const json::value* claim = find_claim(claims, by.claim);
        for (const std::string& value : claim == nullptr ? std::vector<std::string>() : texts_of(*claim)) {
            if (const auto found = by.values.find(value); found != by.values.end()) {
                look(found->second);
            }
        }
    }
    return first < listed_.size() ? &listed_[first] : nullptr;
}

std::expected<access::Caller, std::string> TokenCallers::named(const json::object& claims) const {
    if (policy_.listed_only) {
        return std::unexpected("no consumer lists it");
    }
    const json::value* name = find_claim(claims, policy_.consumer_claim);
    const auto text = name == nullptr ? std::nullopt : scalar_text(*name);
    // Names with a meaning of their own in access rules are nobody's.
    if (!text || text->empty() || *text == "*" || *text == access::kAnonymous) {
        return std::unexpected("its claim " + policy_.consumer_claim + " names nobody");
    }
    access::Caller caller;
    caller.consumer = *text;
    caller.project = *text;
    caller.environment = policy_.environment;
    caller.by = by_;
    if (!policy_.environment_claim.empty()) {
        const json::value* environment = find_claim(claims, policy_.environment_claim);
        const auto said = environment == nullptr ? std::nullopt : scalar_text(*environment);
        caller.environment = said && *said != "*" ? *said : std::string();
    }
    return caller;
}

std::expected<CallerPtr, std::string> TokenCallers::find(const json::object& claims) const {
    const Listed* listed = find_listed(claims);
    if (listed != nullptr && policy_.claims.empty()) {
        return listed->caller;
    }
    auto caller = listed == nullptr ? named(claims) : *listed->caller;
    if (!caller) {
        return std::unexpected(std::move(caller.error()));
    }
    for (const std::string& path : policy_.claims) {
        const json::value* claim = find_claim(claims, path);
        if (auto text = claim == nullptr ? std::nullopt : claim_text(*claim)) {
            caller->attributes.emplace(path, std::move(*text));  // what the consumer is configured with stays
        }
    }
    return std::make_shared<const access::Caller>(std::move(*caller));
}

}  // namespace adit::policy
