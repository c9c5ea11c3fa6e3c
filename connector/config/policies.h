// What a route may do to requests and answers on their way, as configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "connector/config/defaults.h"

namespace adit::config {

/// Changes to the fields of one head, in this order. Names are tokens in any case; values are templates, see
/// field_template.h.
struct FieldEdits {
    std::vector<std::string> remove;
    std::map<std::string, std::string> set;  ///< instead of all of that name
    std::map<std::string, std::string> add;  ///< besides those of that name
    bool empty() const { return remove.empty() && set.empty() && add.empty(); }
};

struct HeaderEdits {
    FieldEdits request;
    FieldEdits response;
};

/// Which pages of other origins may use a route (https://fetch.spec.whatwg.org/#http-cors-protocol).
struct Cors {
    std::vector<std::string> origins;  ///< "https://app.example.com", "https://*.example.com", or "*"; lower case
    std::vector<std::string> methods = {"GET", "HEAD", "POST"};
    std::vector<std::string> headers = {};  ///< "*": whatever is asked for
    std::vector<std::string> expose = {};
    bool credentials = false;
    std::chrono::milliseconds max_age = defaults::cors_max_age;  ///< of a preflight
};

enum class ContentCoding { gzip, br };

/// Content codings for answers that have none.
struct Compression {
    std::vector<ContentCoding> encodings = {ContentCoding::br, ContentCoding::gzip};  ///< the preferred one first
    std::uint64_t min_size = defaults::compression_min_size;                          ///< where the size is known
    std::vector<std::string> types = defaults::compressed_types();  ///< media types, "*" as in "text/*"
};

}  // namespace adit::config
