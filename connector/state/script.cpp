// Scripts and calls of them; see script.h.
#include "connector/state/script.h"

#include <charconv>

#include "common/base/encoding.h"
#include "common/tls/digest.h"
#include "connector/state/resp.h"

namespace adit::state {

Script::Script(std::string_view text) : source(text), sha1(hex_encode(tls::sha1(text))) {}

ScriptCall& ScriptCall::add(std::string_view word) {
    append_word(tail_, word);
    ++words_;
    return *this;
}

ScriptCall& ScriptCall::add(std::int64_t number) {
    char digits[24];
    const auto [end, bad] = std::to_chars(digits, digits + sizeof(digits), number);
    static_cast<void>(bad);  // 24 characters hold every number of 64 bits
    return add(std::string_view(digits, end));
}

void ScriptCall::append_to(std::string& out, Form form) const {
    begin_command(out, words_ + 3);
    append_word(out, form == Form::whole ? "EVAL" : "EVALSHA");
    append_word(out, form == Form::whole ? script_->source : std::string_view(script_->sha1));
    append_word(out, std::to_string(keys_));
    out += tail_;
}

std::string plain_command(std::initializer_list<std::string_view> words) {
    std::string out;
    begin_command(out, words.size());
    for (const std::string_view word : words) append_word(out, word);
    return out;
}

}  // namespace adit::state
