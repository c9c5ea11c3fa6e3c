// Filling claims in; see claims.h.
#include "connector/credential/claims.h"

#include "common/base/strings.h"
#include "connector/http/authority.h"

namespace adit::credential {
namespace {

using Of = config::ClaimPiece::Of;

std::string_view of_caller(const backend::Occasion& occasion, const config::ClaimPiece& piece) {
    if (occasion.caller == nullptr) {
        return {};
    }
    const access::Caller& caller = *occasion.caller;
    switch (piece.of) {
        case Of::consumer:
            return caller.consumer;
        case Of::environment:
            return caller.environment;
        case Of::project:
            return caller.project;
        default:
            break;
    }
    const auto found = caller.attributes.find(piece.text);
    return found == caller.attributes.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view value_of(const backend::Occasion& occasion, const config::ClaimPiece& piece) {
    switch (piece.of) {
        case Of::text:
            return piece.text;
        case Of::route:
            return occasion.route;
        case Of::host:
            return http::host_of(occasion.authority);
        case Of::path:
            return occasion.path;
        case Of::method:
            return occasion.request.method;
        case Of::request_id:
            return occasion.request_id;
        case Of::header: {
            const http::Field* field = occasion.request.find(piece.text);
            return field == nullptr ? std::string_view() : field->value;
        }
        case Of::consumer:
        case Of::environment:
        case Of::project:
        case Of::attribute:
            return of_caller(occasion, piece);
    }
    return {};
}

}  // namespace

ClaimTemplate::ClaimTemplate(std::string_view text)
    : pieces_(config::parse_claim_template(text).value_or(std::vector<config::ClaimPiece>())) {}

std::optional<std::string> ClaimTemplate::expand(const backend::Occasion& occasion) const {
    std::string out;
    for (const config::ClaimPiece& piece : pieces_) {
        const std::string_view value = value_of(occasion, piece);
        if (value.empty() || out.size() + value.size() > kClaimBytesMost) {
            return std::nullopt;
        }
        out += value;
    }
    return is_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace adit::credential
