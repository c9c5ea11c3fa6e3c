// Ages and lifetimes; see freshness.h.
#include "connector/cache/freshness.h"

#include <algorithm>
#include <charconv>

#include "common/base/strings.h"
#include "connector/http/date.h"

namespace adit::cache {
namespace {

const http::Field* find(const std::vector<http::Field>& fields, std::string_view name) {
    const auto found = std::ranges::find_if(fields, [&](const auto& field) { return iequals(field.name, name); });
    return found == fields.end() ? nullptr : &*found;
}

/// RFC 9111 §5.1: of a list the first one counts, and what is no number is ignored.
milliseconds age_field(const std::vector<http::Field>& fields) {
    const http::Field* field = find(fields, "age");
    if (field == nullptr) {
        return {};
    }
    const std::string_view text = trim(field->value.substr(0, field->value.find(',')));
    std::uint32_t value = 0;
    const auto [end, bad] = std::from_chars(text.begin(), text.end(), value);
    if (bad == std::errc::result_out_of_range) {
        return seconds(1LL << 31);
    }
    return bad == std::errc() && end == text.end() ? milliseconds(seconds(value)) : milliseconds(0);
}

WallTime date_of(const std::vector<http::Field>& fields, WallTime otherwise) {
    const http::Field* field = find(fields, "date");
    return field == nullptr ? otherwise : http::parse_date(field->value, otherwise).value_or(otherwise);
}

}  // namespace

std::optional<milliseconds> explicit_lifetime(const std::vector<http::Field>& fields, const Control& control,
                                              WallTime received) {
    if (control.s_maxage) {
        return *control.s_maxage;
    }
    if (control.max_age) {
        return *control.max_age;
    }
    const http::Field* expires = find(fields, "expires");
    if (expires == nullptr) {
        return std::nullopt;
    }
    // RFC 9111 §5.3: what is no date, such as 0, lies in the past.
    const auto at = http::parse_date(expires->value, received);
    return at ? std::max(std::chrono::duration_cast<milliseconds>(*at - date_of(fields, received)), milliseconds(0))
              : milliseconds(0);
}

milliseconds initial_age(const std::vector<http::Field>& fields, const Moment& moment) {
    // A date has no fractions: the answer may have been made at any time of its last second.
    const auto apparent =
        std::chrono::duration_cast<milliseconds>(moment.wall - date_of(fields, moment.wall)) - milliseconds(999);
    const auto delay = std::chrono::duration_cast<milliseconds>(moment.received - moment.requested);
    const milliseconds corrected = age_field(fields) + delay;
    return std::max({apparent, corrected, milliseconds(0)});
}

}  // namespace adit::cache
