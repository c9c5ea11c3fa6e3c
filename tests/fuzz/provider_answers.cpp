// What providers of credentials answer: tokens (OAuth 2.0, Entra ID, Google), keys of AWS in JSON, and STS's XML. The
// first bytes are the status and the kind of answer.
#include <string>

#include "connector/credential/aws_documents.h"
#include "connector/credential/token.h"
#include "connector/credential/xml_leaves.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;
using fuzz::demand;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
constexpr std::string_view kSecret = "a secret of the request";

void demand_token(const fetch::Made& made) {
    if (!made) {
        demand(!made.error().words.empty(), "what is no token is told why");
        return;
    }
    const auto* token = dynamic_cast<const credential::Token*>(made->get());
    demand(token != nullptr && !token->text.empty(), "a token has a text");
    demand(token->text.reveal().find_first_of(std::string_view("\r\n\0 ", 4)) == std::string_view::npos,
           "that a field can hold");
}

void demand_keys(const credential::KeysMade& made) {
    demand(made.has_value() || !made.error().words.empty(), "what are no keys is told why");
    if (made) {
        const auto& id = (*made)->credentials.access_key_id;
        demand(!id.empty() && id.find_first_of("\r\n") == std::string::npos, "keys have a name that a field can hold");
    }
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const int status = decisions.flag() ? 200 : 400 + static_cast<int>(decisions.below(110));
    fetch::Reply reply{.status = status, .fields = {{"content-type", "application/json"}}, .body = {}};
    reply.body = decisions.rest();
    demand_token(credential::read_token(reply));
    demand_token(credential::read_bare_token(reply));
    credential::Secrets secrets;
    secrets.add(kSecret);
    reply.body += kSecret;
    demand(credential::trouble_of(reply, secrets).words.find(kSecret) == std::string::npos,
           "no secret gets into words");
    reply.body.resize(reply.body.size() - kSecret.size());
    demand(!credential::trouble_of(reply).words.empty(), "a trouble has words");
    demand_keys(credential::read_sts_answer(status, reply.body, kNow));
    demand_keys(credential::read_keys_document("a host", status, reply.body, kNow));
    if (const auto leaves = credential::parse_xml_leaves(reply.body)) {
        for (const auto& [path, text] : *leaves) {
            demand(!path.empty() && static_cast<std::size_t>(std::ranges::count(path, '/')) < credential::kXmlDepth,
                   "elements nest no deeper than is read");
        }
    }
}
