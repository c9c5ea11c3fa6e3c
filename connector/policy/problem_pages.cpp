// Finding and serving paragraphs; see problem_pages.h.
#include "connector/policy/problem_pages.h"

#include <algorithm>
#include <string>

#include "common/problem/code.h"

namespace adit::policy {
namespace {

constexpr std::string_view kPage =
#include "troubleshooting.inc"
    ;

constexpr std::string_view kAnchor = "\n<a id=\"";

}  // namespace

std::string_view paragraph_of(std::string_view code) {
    if (std::ranges::find(problem::kCodes, code) == problem::kCodes.end()) {
        return {};
    }
    const std::string anchor = std::string(kAnchor).append(code).append("\"></a>\n");
    const std::size_t at = kPage.find(anchor);
    if (at == kPage.npos) {
        return {};
    }
    const std::string_view rest = kPage.substr(at + anchor.size());
    const std::size_t heading = rest.find("\n## ");
    return rest.substr(0, std::min(rest.find(kAnchor), heading));
}

std::string_view problem_page(const http::Exchange& exchange) {
    const std::string_view path = exchange.request.path;
    if (!path.starts_with(problem::kOwnPages) || exchange.settings.problem_types != problem::kOwnPages) {
        return {};
    }
    return paragraph_of(path.substr(problem::kOwnPages.size()));
}

net::Task<> answer_page(http::Exchange& exchange, std::string_view page) {
    const std::string_view method = exchange.request.method;
    if (method != "GET" && method != "HEAD") {
        co_return co_await exchange.answer(http::Exchange::Whole{405, {}, {}, {{"allow", "GET, HEAD"}}});
    }
    co_await exchange.answer(
        http::Exchange::Whole{200,
                              "text/markdown; charset=utf-8",
                              page,
                              {{"cache-control", "public, max-age=3600"}, {"x-content-type-options", "nosniff"}}});
}

}  // namespace adit::policy
