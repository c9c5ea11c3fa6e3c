// What routes do for gradual migration: requests shared between backends, and copied to another.
#include <algorithm>

#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

/// RFC 9110 §5.6.2; names of header fields and of cookies (RFC 6265 §4.1.1) alike.
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    });
}

Result<SplitBy> parse_split_by(std::string_view text) {
    if (text == "client_ip") return SplitBy{SplitBy::Of::client_ip};
    const auto blank = std::min(text.find(' '), text.size());
    const auto kind = text.substr(0, blank);
    const auto name = text.substr(std::min(text.size(), blank + 1));
    if (kind != "header" && kind != "cookie") return usage_error("write header NAME, cookie NAME or client_ip");
    if (!is_token(name)) return usage_error("after " + std::string(kind) + " stands its name");
    return SplitBy{kind == "header" ? SplitBy::Of::header : SplitBy::Of::cookie, std::string(name)};
}

}  // namespace

yaml::List<yaml::Object<SplitShare>> split_table() {
    return List(Object<SplitShare>("a share", "A backend with its share of a route's requests.")
                    .required("backend", &SplitShare::backend, Text(), "The name of a backend.")
                    .required("weight", &SplitShare::weight, Integer<std::uint32_t>(0, bounds::max_weight),
                              "Its share is this part of the sum of all weights; 0 is none."),
                bounds::shares);
}

yaml::Parsed<SplitBy> split_by() {
    return {"what decides about a share", parse_split_by};
}

yaml::Object<Mirror> mirror_table() {
    return Object<Mirror>("mirror", "Another backend that gets copies of requests; its answers are discarded.")
        .required("backend", &Mirror::backend, Text(), "The name of a backend.")
        .field("percent", &Mirror::percent, Integer<std::uint32_t>(0, 100), "How many of a hundred requests.")
        .field("body_bytes", &Mirror::body_bytes, Size(0, bounds::max_mirror_body_bytes),
               "Requests with a larger body are not copied.")
        .field("in_flight", &Mirror::in_flight, Integer<std::uint32_t>(1, bounds::max_mirror_in_flight),
               "So many copies of this route at once; while there are more, requests are not copied.");
}

}  // namespace adit::config
