// What tells stored answers apart besides the fields that Vary names. Pure.
#pragma once

#include <string>
#include <string_view>

#include "connector/access/caller.h"

namespace adit::cache {

/// `site`: what was asked of whom; a change to it concerns all who have asked. `text`: the site, and by which route,
/// through whom and for whom it was asked.
struct Key {
    std::string text;
    std::size_t site_length = 0;

    std::string_view site() const { return std::string_view(text).substr(0, site_length); }
};

struct KeyParts {
    std::string_view backend;
    bool tls = false;            ///< the client used https: origins are told, and may answer by it
    std::string_view authority;  ///< as the client wrote it
    std::string_view path;       ///< as the origin gets it
    std::string_view query;
    std::string_view route;
    const access::Caller* alone = nullptr;  ///< whose answer is for nobody else; null: for all
    std::string told = {};                  ///< what origins are told of hops before us, by which they may answer
};
/// Parts are set apart by bytes that none of them can have: those that come from clients are free of control
/// characters, and so are names of a configuration. What is known of a caller is not, so it is counted. Of him all that
/// is known counts: two users of one consumer are two.
Key make_key(const KeyParts& parts);
std::string make_site(const KeyParts& parts);

/// Of a key's text.
std::string_view route_of(std::string_view key);
std::string_view path_of(std::string_view key);

}  // namespace adit::cache
