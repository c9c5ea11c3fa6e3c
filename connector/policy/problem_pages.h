// The paragraphs of docs/troubleshooting.md, where the types of our problem documents lead unless a configuration says
// otherwise.
#pragma once

#include <string_view>

#include "common/net/task.h"
#include "connector/http/exchange.h"

namespace adit::policy {

/// The paragraph of a code, empty for what is none: from its anchor to the next one.
std::string_view paragraph_of(std::string_view code);

/// The page that is asked for; empty where another is, or where types lead elsewhere. Nobody has to authenticate for
/// it: whoever was refused shall be able to read why.
std::string_view problem_page(const http::Exchange& exchange);
net::Task<> answer_page(http::Exchange& exchange, std::string_view page);

}  // namespace adit::policy
