// PEM files that a configuration names: a certificate's chain and its key, the CAs of clients and what these have taken
// back. A byte 0xff stands between the two; before them is one that says what they are.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "common/tls/client_check.h"
#include "common/tls/key.h"
#include "common/tls/native.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

using Context = std::unique_ptr<SSL_CTX, tls::Free<SSL_CTX_free>>;

void demand_reason(const Error& error, const std::string& first, const std::string& second) {
    fuzz::demand(error.message.starts_with(first) || error.message.starts_with(second), "an error names its file");
    fuzz::demand(error.usage, "and is the operator's to mend");
}

void show(const std::string& chain, const std::string& key) {
    const Context context(tls::new_context(TLS_server_method(), TLS1_2_VERSION));
    const auto shown = tls::show_files(context.get(), chain, key);
    if (!shown) {
        demand_reason(shown.error(), chain, key);
        return;
    }
    fuzz::demand(SSL_CTX_check_private_key(context.get()) == 1, "what is shown has its key");
}

void ask(const std::string& ca, const std::string& lists, bool all) {
    const Context context(tls::new_context(TLS_server_method(), TLS1_2_VERSION));
    const auto asked = tls::ask_clients(context.get(), {.ca = ca, .crl = lists, .crl_of_all = all});
    if (!asked) {
        demand_reason(asked.error(), ca, lists);
        return;
    }
    fuzz::demand(!asked->empty(), "a file of lists has one");
    for (const tls::ListFacts& list : *asked) {
        fuzz::demand(list.issuer.size() <= 256 && !list.issuer.contains('\n'), "the name of a list is one line");
    }
    const auto flags = X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(context.get())) |
                       X509_VERIFY_PARAM_get_flags(X509_STORE_get0_param(SSL_CTX_get_cert_store(context.get())));
    fuzz::demand((flags & X509_V_FLAG_CRL_CHECK) != 0, "and counts");
}

void read_key(std::string_view pem) {
    const auto key = tls::PrivateKey::from_pem(pem);
    if (!key) {
        fuzz::demand(!key.error().message.empty(), "what is no key is told why");
        return;
    }
    const auto again = tls::PrivateKey::from_pem(key->to_pem());
    fuzz::demand(again && again->spki() == key->spki(), "a key that we write can be read, and is the same");
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    static const MemoryFile first("first.pem");
    static const MemoryFile second("second.pem");
    Input decisions(input);
    const std::uint8_t kind = decisions.byte();
    const std::string_view one = decisions.line('\xff');
    const std::string_view other = decisions.rest();
    switch (kind) {
        case 's':
            show(first.holds(one), second.holds(other));
            break;
        case 'k':
            read_key(one);
            break;
        default:
            ask(first.holds(one), second.holds(other), kind == 'a');
    }
    demand(ERR_peek_error() == 0, "no error is left to be told of what comes next");
}
