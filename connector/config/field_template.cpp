// Taking templates of field values apart; see field_template.h.
#include "connector/config/field_template.h"

#include <algorithm>
#include <array>

namespace adit::config {
namespace {

constexpr std::string_view kHeader = "header.";
constexpr std::string_view kAttribute = "attribute.";

struct Named {
    std::string_view name;
    RequestValue value;
};

constexpr std::array kValues{
    Named{"client_ip", RequestValue::client_ip},
    Named{"host", RequestValue::host},
    Named{"path", RequestValue::path},
    Named{"method", RequestValue::method},
    Named{"request_id", RequestValue::request_id},
    Named{"route", RequestValue::route},
    Named{"backend", RequestValue::backend},
    Named{"scheme", RequestValue::scheme},
    Named{"consumer", RequestValue::consumer},
    Named{"consumer.environment", RequestValue::consumer_environment},
    Named{"consumer.project", RequestValue::consumer_project},
};

void append_text(std::vector<TemplatePiece>& pieces, std::string_view text) {
    if (pieces.empty() || pieces.back().kind != TemplatePiece::Kind::text) {
        pieces.emplace_back();
    }
    pieces.back().text += text;
}

}  // namespace

std::optional<RequestValue> request_value(std::string_view name) {
    const auto* found = std::ranges::find(kValues, name, &Named::name);
    return found == kValues.end() ? std::nullopt : std::optional(found->value);
}

std::string_view header_of(std::string_view name) {
    return name.starts_with(kHeader) ? name.substr(kHeader.size()) : std::string_view();
}

std::string_view attribute_of(std::string_view name) {
    return name.starts_with(kAttribute) ? name.substr(kAttribute.size()) : std::string_view();
}

Result<std::vector<TemplatePiece>> parse_field_template(std::string_view text) {
    // RFC 9110 §5.5; configurations are UTF-8, whose bytes above 0x7f are allowed.
    const bool good = std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 || c == '\t') && byte != 0x7f;
    });
    if (!good) return usage_error("a field's value is one line without control characters");
    std::vector<TemplatePiece> pieces;
    while (!text.empty()) {
        const std::size_t brace = std::min(text.find_first_of("{}"), text.size());
        if (brace > 0) {
            append_text(pieces, text.substr(0, brace));
            text.remove_prefix(brace);
            continue;
        }
        if (text.size() > 1 && text[1] == text[0]) {
            append_text(pieces, text.substr(0, 1));
            text.remove_prefix(2);
            continue;
        }
        const std::size_t close = text.find('}');
        if (text[0] == '}' || close == std::string_view::npos)
            return usage_error("a brace without its partner; write {{ and }} for braces themselves");
        pieces.push_back({TemplatePiece::Kind::name, std::string(text.substr(1, close - 1))});
        text.remove_prefix(close + 1);
    }
    return pieces;
}

}  // namespace adit::config
