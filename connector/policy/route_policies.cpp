// The order of a route's policies, around the request and back; see route_policies.h.
#include "connector/policy/route_policies.h"

#include "connector/policy/coders.h"
#include "connector/policy/vary.h"

namespace adit::policy {

std::shared_ptr<const RoutePolicies> RoutePolicies::make(const config::RouteRule& rule) {
    const config::HeaderEdits& headers = rule.headers;
    const bool edits = !headers.request.empty() || !headers.response.empty();
    if (!rule.cors && rule.max_body == 0 && !edits && !rule.compression) {
        return nullptr;
    }
    auto made = std::make_shared<RoutePolicies>();
    made->max_body = rule.max_body;
    if (rule.cors) {
        made->cors.emplace(*rule.cors);
    }
    if (!headers.request.empty()) {
        made->request_fields.emplace(headers.request, rule.match.path);
    }
    if (!headers.response.empty()) {
        made->response_fields.emplace(headers.response, rule.match.path);
    }
    if (rule.compression) {
        made->compression.emplace(*rule.compression);
    }
    return made;
}

PolicyRun::PolicyRun(const RoutePolicies& policies, http::Exchange& exchange, std::unique_ptr<PolicyRun> outer)
    : outer_(std::move(outer)),
      policies_(policies),
      exchange_(exchange),
      preflight_(policies.cors && policy::is_preflight(exchange.request)) {
    if (policies.cors) {
        origin_ = policies.cors->allowed_origin(exchange.request);
    }
    if (policies.compression) {
        coding_ = policies.compression->choose(exchange.request);
    }
    if (policies.max_body > 0) {
        exchange.body.limit(policies.max_body);
    }
    exchange.answer_filter = this;
}

void PolicyRun::read(const RequestValues& values) {
    if (policies_.request_fields) {
        request_made_ = policies_.request_fields->make(values);
    }
    if (policies_.response_fields) {
        response_made_ = policies_.response_fields->make(values);
    }
}

http::Exchange::Whole PolicyRun::preflight() const {
    return http::Exchange::Whole{204, {}, {}, policies_.cors->preflight(exchange_.request)};
}

std::optional<problem::Failure> PolicyRun::bound_body() const {
    if (policies_.max_body == 0 || exchange_.request.framing.length <= policies_.max_body) {
        return std::nullopt;
    }
    return problem::body_too_large(policies_.max_body);
}

void PolicyRun::edit_request() {
    if (policies_.request_fields) {
        policies_.request_fields->apply(exchange_.request.fields, request_made_);
        policies_.request_fields->note_names(exchange_.request.settled);
    }
}

/// The operator's own fields come last but for the coding, which goes by what they say (no-transform, a type).
void PolicyRun::filter(http::ResponseHead& response, http::Exchange& exchange) {
    if (policies_.cors && !preflight_) {
        policies_.cors->answer(response.fields, origin_);
    }
    if (policies_.response_fields) {
        policies_.response_fields->apply(response.fields, response_made_);
    }
    if (policies_.compression) {
        compress(response);
    }
    if (outer_) {
        outer_->filter(response, exchange);
    }
}

void PolicyRun::compress(http::ResponseHead& response) {
    const bool head = exchange_.request.method == "HEAD";
    if (response.status == 304 && coding_) {
        add_vary(response.fields, "Accept-Encoding");
        Compression::weaken_etag(response, etag_);
    }
    if (!policies_.compression->fits(response, head)) {
        return;
    }
    add_vary(response.fields, "Accept-Encoding");
    if (!coding_) {
        return;
    }
    if (head) {
        response.framing = {};
    } else {
        auto coder = make_coder(*coding_);
        if (!coder) {
            return;
        }
        exchange_.out.encode_by(std::move(coder));
        response.framing = {http::Framing::Kind::chunked, 0};
    }
    Compression::announce(response, *coding_, etag_);
}

}  // namespace adit::policy
