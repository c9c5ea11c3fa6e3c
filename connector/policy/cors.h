// Which pages of other origins may use a route: https://fetch.spec.whatwg.org/#http-cors-protocol. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connector/config/policies.h"
#include "connector/http/message.h"

namespace adit::policy {

/// Whether a request only asks, before another one, if that one may be made.
bool is_preflight(const http::RequestHead& request);
/// The method that a preflight asks about.
std::string_view preflight_method(const http::RequestHead& request);

/// Compiled once per route, then only read. Fields that it makes point into it and into the request.
class Cors {
  public:
    explicit Cors(const config::Cors& settings);

    /// The Origin of a request that may be answered for it; empty when there is none or it is not listed.
    std::string_view allowed_origin(const http::RequestHead& request) const;
    /// The fields of the answer to a preflight, which itself is 204: without Access-Control-Allow-Origin it says no.
    std::vector<http::Field> preflight(const http::RequestHead& request) const;
    /// What an actual answer says for `origin` (see allowed_origin()), instead of what the backend said of CORS: one
    /// place decides, and two fields of it would mean no.
    void answer(std::vector<http::Field>& fields, std::string_view origin) const;

  private:
    void allow(std::vector<http::Field>& fields, std::string_view origin) const;

    std::vector<std::string> origins_;
    bool any_origin_ = false;
    bool any_header_ = false;
    bool credentials_ = false;
    std::string methods_;
    std::string headers_;
    std::string expose_;
    std::string max_age_;
};

}  // namespace adit::policy
