// Taking templates of claims apart; see claim_template.h.
#include "connector/config/claim_template.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "connector/config/field_template.h"

namespace adit::config {
namespace {

using Of = ClaimPiece::Of;

constexpr std::array<std::pair<std::string_view, Of>, 8> kNames{{{"consumer", Of::consumer},
                                                                 {"environment", Of::environment},
                                                                 {"project", Of::project},
                                                                 {"route", Of::route},
                                                                 {"host", Of::host},
                                                                 {"path", Of::path},
                                                                 {"method", Of::method},
                                                                 {"request_id", Of::request_id}}};
constexpr std::array<std::pair<std::string_view, Of>, 3> kPrefixes{
    {{"attribute.", Of::attribute}, {"request.header.", Of::header}, {"header.", Of::header}}};

std::optional<ClaimPiece> piece_of(std::string_view name) {
    for (const auto& [known, of] : kNames)
        if (name == known) return ClaimPiece{of, {}};
    for (const auto& [prefix, of] : kPrefixes)
        if (name.starts_with(prefix) && name.size() > prefix.size())
            return ClaimPiece{of, std::string(name.substr(prefix.size()))};
    return std::nullopt;
}

}  // namespace

Result<std::vector<ClaimPiece>> parse_claim_template(std::string_view text) {
    const auto parsed = parse_field_template(text);
    if (!parsed) return std::unexpected(parsed.error());
    std::vector<ClaimPiece> pieces;
    for (const TemplatePiece& one : *parsed) {
        if (one.kind == TemplatePiece::Kind::text) {
            pieces.push_back({Of::text, one.text});
            continue;
        }
        auto piece = piece_of(one.text);
        if (!piece)
            return usage_error("there is no '{" + one.text +
                               "}'; a claim has consumer, environment, project, attribute.NAME, route, host, path, "
                               "method, request_id and request.header.NAME");
        pieces.push_back(*std::move(piece));
    }
    return pieces;
}

bool is_reserved_claim(std::string_view name) {
    static constexpr std::array<std::string_view, 11> reserved{
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "consumer", "environment", "route", "gateway"};
    return std::ranges::find(reserved, name) != reserved.end();
}

}  // namespace adit::config
