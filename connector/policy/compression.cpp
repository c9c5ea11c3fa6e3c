// Accept-Encoding, and what answers may be coded; see compression.h.
#include "connector/policy/compression.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/strings.h"

namespace adit::policy {
namespace {

constexpr int kUnsaid = -1;

/// RFC 9110 §12.4.2: 0 to 1 with up to three decimals, here in thousandths. What is none counts as 0.
int parse_quality(std::string_view text) {
    int quality = 0;
    int unit = 1000;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (i == 1 && c == '.') {
            continue;
        }
        if (c < '0' || c > '9' || i > 4 || (i == 0 && c > '1')) {
            return 0;
        }
        quality += (c - '0') * unit;
        unit /= 10;
    }
    return text.empty() || quality > 1000 ? 0 : quality;
}

/// How much a client wants each coding, in thousandths.
struct Wishes {
    int br = kUnsaid;
    int gzip = kUnsaid;
    int identity = kUnsaid;
    int others = kUnsaid;  ///< "*"

    void add(std::string_view entry) {
        const std::size_t semicolon = std::min(entry.find(';'), entry.size());
        const std::string_view name = trim(entry.substr(0, semicolon));
        int quality = 1000;
        for (const std::string_view parameter : split_list(entry.substr(semicolon), ';')) {
            const std::size_t equals = parameter.find('=');
            if (equals != std::string_view::npos && iequals(trim(parameter.substr(0, equals)), "q")) {
                quality = parse_quality(trim(parameter.substr(equals + 1)));
            }
        }
        int* of = iequals(name, "br")                                ? &br
                  : iequals(name, "gzip") || iequals(name, "x-gzip") ? &gzip
                  : iequals(name, "identity")                        ? &identity
                  : name == "*"                                      ? &others
                                                                     : nullptr;
        if (of != nullptr) {
            *of = quality;
        }
    }
    int wish(ContentCoding coding) const {
        const int said = coding == ContentCoding::br ? br : gzip;
        return said != kUnsaid ? said : std::max(others, 0);
    }
};

bool says_no_transform(const http::ResponseHead& response) {
    return std::ranges::any_of(response.fields, [](const http::Field& field) {
        const auto list =
            iequals(field.name, "cache-control") ? split_list(field.value, ',') : std::vector<std::string_view>();
        return std::ranges::any_of(list, [](std::string_view one) { return iequals(one, "no-transform"); });
    });
}

/// The length of the body, where it is known; of an answer to HEAD what it says of the body that it has not.
std::optional<std::uint64_t> length_of(const http::ResponseHead& response, bool head) {
    if (!head) {
        const auto kind = response.framing.kind;
        const bool known = kind == http::Framing::Kind::length || kind == http::Framing::Kind::none;
        return known ? std::optional(response.framing.length) : std::nullopt;
    }
    if (response.framing.kind == http::Framing::Kind::length) {
        return response.framing.length;  // an answer of our own
    }
    const http::Field* field = response.find(http::Known::content_length);
    std::uint64_t length = 0;
    if (field == nullptr ||
        std::from_chars(field->value.data(), field->value.data() + field->value.size(), length).ec != std::errc()) {
        return std::nullopt;
    }
    return length;
}

}  // namespace

std::optional<ContentCoding> Compression::choose(const http::RequestHead& request) const {
    Wishes wishes;
    for (const http::Field& field : request.fields) {
        if (iequals(field.name, "accept-encoding")) {
            for (const std::string_view entry : split_list(field.value, ',')) {
                wishes.add(entry);
            }
        }
    }
    std::optional<ContentCoding> chosen;
    int most = std::max(0, wishes.identity - 1);  // identity that is wanted as much loses
    for (const ContentCoding coding : settings_.encodings) {
        if (wishes.wish(coding) > most) {
            most = wishes.wish(coding);
            chosen = coding;
        }
    }
    return chosen;
}

bool Compression::type_fits(std::string_view content_type) const {
    const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
    return std::ranges::any_of(settings_.types, [&](const std::string& range) {
        const std::size_t star = range.find('*');
        const std::string_view after = std::string_view(range).substr(std::min(star + 1, range.size()));
        return star == std::string::npos ? range == type
                                         : type.size() > star + after.size() &&
                                               type.starts_with(range.substr(0, star)) && type.ends_with(after);
    });
}

bool Compression::fits(const http::ResponseHead& response, bool head) const {
    static constexpr std::array<std::string_view, 6> against{"content-encoding", "content-range", "content-digest",
                                                             "digest",           "repr-digest",   "content-md5"};
    const int status = response.status;
    if (status < 200 || status == 204 || status == 205 || status == 206 || status == 304) {
        return false;
    }
    const http::Field* type = response.find("content-type");
    const std::optional<std::uint64_t> length = length_of(response, head);
    if (type == nullptr || !type_fits(type->value) || (length && (*length < settings_.min_size || *length == 0))) {
        return false;
    }
    return std::ranges::none_of(against, [&](std::string_view name) { return response.find(name) != nullptr; }) &&
           !says_no_transform(response);
}

void Compression::announce(http::ResponseHead& response, ContentCoding coding, std::string& etag) {
    std::erase_if(response.fields, [](const http::Field& field) {
        return field.known == http::Known::content_length || iequals(field.name, "accept-ranges");
    });
    response.fields.push_back({"content-encoding", coding == ContentCoding::br ? "br" : "gzip", http::Known::own});
    weaken_etag(response, etag);
}

void Compression::weaken_etag(http::ResponseHead& response, std::string& etag) {
    for (http::Field& field : response.fields) {
        if (iequals(field.name, "etag") && !field.value.starts_with("W/")) {
            etag.assign("W/").append(field.value);
            field.value = etag;
        }
    }
}

}  // namespace adit::policy
