// `on`: words for ends of a try, statuses and classes of statuses, and codes of gRPC.
#include <array>
#include <charconv>

#include "common/config/suggest.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

struct Word {
    std::string_view name;
    bool Conditions::* member;
};
constexpr std::array kWords{
    Word{"connect-failure", &Conditions::connect_failure},
    Word{"reset", &Conditions::reset},
    Word{"refused-stream", &Conditions::refused_stream},
    Word{"timeout", &Conditions::timeout},
    Word{"malformed", &Conditions::malformed},
    Word{"retriable-header", &Conditions::retriable_header},
};

/// Codes of https://grpc.github.io/grpc/core/md_doc_statuscodes.html, by number.
constexpr std::array<std::string_view, 17> kGrpc{
    "ok",        "cancelled",      "unknown",           "invalid-argument",   "deadline-exceeded",
    "not-found", "already-exists", "permission-denied", "resource-exhausted", "failed-precondition",
    "aborted",   "out-of-range",   "unimplemented",     "internal",           "unavailable",
    "data-loss", "unauthenticated"};

/// 503, 5xx or 500-504.
std::optional<StatusRange> status_range(std::string_view text) {
    const auto number = [](std::string_view digits) -> std::optional<std::uint16_t> {
        std::uint16_t value = 0;
        const auto [end, bad] = std::from_chars(digits.begin(), digits.end(), value);
        return bad == std::errc() && end == digits.end() && value >= 200 && value <= 599 ? std::optional(value)
                                                                                         : std::nullopt;
    };
    if (text.size() == 3 && text.ends_with("xx") && text[0] >= '2' && text[0] <= '5') {
        const auto first = static_cast<std::uint16_t>((text[0] - '0') * 100);
        return StatusRange(first, static_cast<std::uint16_t>(first + 99));
    }
    const std::size_t dash = text.find('-');
    const auto from = number(text.substr(0, dash));
    const auto to = dash == std::string_view::npos ? from : number(text.substr(dash + 1));
    return from && to && *from <= *to ? std::optional(StatusRange(*from, *to)) : std::nullopt;
}

bool add(std::string_view text, Conditions& conditions) {
    if (text == "gateway-error") {
        conditions.statuses.emplace_back(502, 504);
        return true;
    }
    for (const Word& word : kWords)
        if (word.name == text) return conditions.*word.member = true;
    for (std::size_t code = 0; code < kGrpc.size(); ++code)
        if (text.starts_with("grpc-") && text.substr(5) == kGrpc[code]) {
            conditions.grpc.push_back(static_cast<std::uint8_t>(code));
            return true;
        }
    if (const auto range = status_range(text)) {
        conditions.statuses.push_back(*range);
        return true;
    }
    return false;
}

std::vector<std::string> words() {
    std::vector<std::string> all{"gateway-error"};
    for (const Word& word : kWords) all.emplace_back(word.name);
    for (const std::string_view name : kGrpc) all.push_back("grpc-" + std::string(name));
    return all;
}

}  // namespace

bool ConditionList::read(const Node& node, Conditions& conditions, Diagnostics& diagnostics) const {
    std::vector<std::string> texts;
    if (!List(Text(), bounds::conditions_on).read(node, texts, diagnostics)) return false;
    conditions = {.said = true};
    bool all = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (add(texts[i], conditions)) continue;
        diagnostics.error(node.items[i].place,
                          "'" + texts[i] + "' is no end of a try" + did_you_mean(texts[i], words()) +
                              "; write a status as 503, 5xx or 502-504, or one of " + listing(words(), 30));
        all = false;
    }
    return all;
}

Schema ConditionList::schema() const {
    return List(Text(), bounds::conditions_on).schema();
}

bool StatusRanges::read(const Node& node, std::vector<StatusRange>& ranges, Diagnostics& diagnostics) const {
    std::vector<std::string> texts;
    if (!List(Text(), bounds::conditions_on).read(node, texts, diagnostics)) return false;
    ranges.clear();
    bool all = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (const auto range = status_range(texts[i])) {
            ranges.push_back(*range);
        } else {
            diagnostics.error(node.items[i].place, "'" + texts[i] + "' is no status; write 204, 2xx or 200-299");
            all = false;
        }
    }
    return all;
}

Schema StatusRanges::schema() const {
    return List(Text(), bounds::conditions_on).schema();
}

}  // namespace adit::config
