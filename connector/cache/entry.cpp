// What is kept of an answer; see entry.h.
#include "connector/cache/entry.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "connector/http/date.h"
#include "connector/http/parse.h"

namespace adit::cache {
namespace {

constexpr std::size_t kOverhead = 512;  ///< of an entry in the store, with its place there

/// Fields of one connection, and those that are made for each answer anew.
bool of_connection(const http::Head& head, const http::Field& field) {
    switch (field.known) {
        case http::Known::connection:
        case http::Known::keep_alive:
        case http::Known::proxy_connection:
        case http::Known::te:
        case http::Known::trailer:
        case http::Known::transfer_encoding:
        case http::Known::upgrade:
        case http::Known::proxy_authenticate:
        case http::Known::proxy_authorization:
        case http::Known::content_length:
            return true;
        default:
            break;
    }
    return iequals(field.name, "age") || std::ranges::any_of(head.fields, [&](const http::Field& option) {
               return option.known == http::Known::connection && http::list_has(option.value, field.name);
           });
}

/// RFC 9111 §3.2: what the cache may have used to make sense of the body.
bool describes_body(const http::Field& field) {
    static constexpr std::array<std::string_view, 3> names{"content-encoding", "content-type", "content-range"};
    return std::ranges::any_of(names, [&](std::string_view name) { return iequals(name, field.name); });
}

std::vector<http::Field> kept(const http::Head& head) {
    std::vector<http::Field> fields = head.fields;
    std::erase_if(fields, [&](const http::Field& field) {
        return of_connection(head, field) || iequals(field.name, "set-cookie");  // a 304 may set one, too
    });
    return fields;
}

}  // namespace

Entry::Entry(const http::ResponseHead& answer, std::vector<Selecting> selecting, const Moment& moment,
             milliseconds heuristic)
    : status_(answer.status), version_(answer.version), selecting_(std::move(selecting)) {
    freshness_.initial_age = initial_age(answer.fields, moment);
    take_fields(kept(answer), moment.wall);
    settle(moment, heuristic);
}

Entry::Entry(const Entry& stored, const http::ResponseHead& not_modified, std::vector<Selecting> selecting,
             const Moment& moment, milliseconds heuristic)
    : status_(stored.status_),
      version_(stored.version_),
      selecting_(std::move(selecting)),
      length_(stored.length_),
      body_(stored.body_) {
    freshness_.initial_age = initial_age(not_modified.fields, moment);
    std::vector<http::Field> newer = kept(not_modified);
    std::erase_if(newer, describes_body);
    std::vector<http::Field> fields = stored.fields_;
    std::erase_if(fields, [&](const http::Field& field) {
        return std::ranges::any_of(newer, [&](const http::Field& one) { return iequals(one.name, field.name); });
    });
    fields.insert(fields.end(), newer.begin(), newer.end());
    take_fields(fields, moment.wall);
    settle(moment, heuristic);
}

/// Copies them into memory of its own. An answer without a date came when it came (RFC 9110 §6.6.1).
void Entry::take_fields(const std::vector<http::Field>& fields, WallTime received) {
    const bool dated =
        std::ranges::any_of(fields, [](const http::Field& field) { return field.known == http::Known::date; });
    const std::string date = dated ? std::string() : http::format_date(received);
    fields_ = fields;
    if (!dated) {
        fields_.push_back({"date", date, http::Known::date});
    }
    std::size_t size = 0;
    for (const http::Field& field : fields_) {
        size += field.name.size() + field.value.size();
    }
    text_.reserve(size);  // so that nothing moves while views are taken
    const auto keep = [this](std::string_view& view) {
        const std::size_t begin = text_.size();
        text_ += view;
        view = std::string_view(text_).substr(begin);
    };
    for (http::Field& field : fields_) {
        keep(field.name);
        keep(field.value);
    }
}

void Entry::settle(const Moment& moment, milliseconds heuristic) {
    control_ = parse_control(fields_);
    const auto lifetime = explicit_lifetime(fields_, control_, moment.wall);
    says_lifetime_ = lifetime.has_value();
    freshness_.lifetime = control_.no_cache ? milliseconds(0) : lifetime.value_or(heuristic);
    freshness_.received = moment.received;
    requested_ = moment.requested;
    for (const http::Field& field : fields_) {
        if (iequals(field.name, "etag")) {
            etag_ = field.value;
        } else if (iequals(field.name, "last-modified")) {
            last_modified_ = field.value;
        }
    }
}

void Entry::describe(http::ResponseHead& answer, bool head) const {
    answer.clear();
    answer.status = status_;
    answer.version = version_;
    answer.fields = fields_;
    if (head) {
        answer.fields.push_back(
            {"content-length", length_.empty() ? std::string_view("0") : length_, http::Known::content_length});
    } else if (!body_->empty()) {
        answer.framing = {http::Framing::Kind::length, body_->size()};
    }
}

void Entry::describe_not_modified(http::ResponseHead& answer) const {
    static constexpr std::array<std::string_view, 8> told{
        "cache-control", "content-location", "date", "etag", "expires", "vary", "via", "last-modified"};
    answer.clear();
    answer.status = 304;
    answer.version = version_;
    for (const http::Field& field : fields_) {
        if (std::ranges::any_of(told, [&](std::string_view name) { return iequals(name, field.name); })) {
            answer.fields.push_back(field);
        }
    }
}

std::size_t Entry::size() const {
    std::size_t selecting = selecting_.size() * sizeof(Selecting);
    for (const Selecting& one : selecting_) {
        selecting += one.name.size() + (one.value ? one.value->size() : 0);
    }
    return kOverhead + text_.size() + fields_.size() * sizeof(http::Field) + selecting + body_->size();
}

}  // namespace adit::cache
