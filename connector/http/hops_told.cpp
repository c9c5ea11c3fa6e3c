// The fields that are continued, without addresses; see hops_told.h.
#include "connector/http/hops_told.h"

#include "common/base/strings.h"

namespace adit::http {
namespace {

using Hops = Disclosure::Hops;

/// Of X-Forwarded-* all but the addresses: X-Forwarded-For, and X-Real-IP, which goes no further.
bool tells_more_than_addresses(const Field& field) {
    return field.known == Known::x_forwarded && !iequals(field.name, "x-forwarded-for") &&
           !iequals(field.name, "x-real-ip");
}

/// Without `for` and `by` (RFC 7239 §5). In a value whose quotes are not closed nothing can be told apart: all of it
/// counts.
void append_forwarded(std::string& out, std::string_view value) {
    bool quoted = false;
    std::string kept;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= value.size(); ++i) {
        const bool end = i == value.size() || (!quoted && (value[i] == ';' || value[i] == ','));
        if (!end) {
            quoted ^= value[i] == '"' && (i == 0 || value[i - 1] != '\\');
            continue;
        }
        const std::string_view pair = trim(value.substr(begin, i - begin));
        const std::string_view name = trim(pair.substr(0, pair.find('=')));
        if (!iequals(name, "for") && !iequals(name, "by")) {
            kept.append(pair);
        }
        kept.append(i == value.size() ? std::string_view() : value.substr(i, 1));
        begin = i + 1;
    }
    out.append(quoted ? value : kept);
}

}  // namespace

std::string hops_told(const RequestHead& request, const Disclosure& disclosure, std::optional<CallerField> vouched,
                      bool peer_tls) {
    const bool x_forwarded = disclosure.x_forwarded == Hops::append && vouched == CallerField::x_forwarded_for;
    const bool forwarded = disclosure.forwarded == Hops::append && vouched == CallerField::forwarded;
    std::string told;
    for (const Field& field : request.fields) {
        if (x_forwarded && tells_more_than_addresses(field)) {
            told.append(to_lower(field.name)).append(":").append(field.value).append("\n");
        } else if (forwarded && field.known == Known::forwarded) {
            append_forwarded(told, field.value);
            told += '\n';
        }
    }
    if (forwarded) {
        told += peer_tls ? "https" : "http";
    }
    return told;
}

}  // namespace adit::http
