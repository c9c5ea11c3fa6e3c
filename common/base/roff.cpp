// Escapes and the few macros that our pages use; see roff.h.
#include "common/base/roff.h"

#include <algorithm>
#include <cctype>

namespace adit::roff {

std::string text(std::string_view plain) {
    std::string out;
    for (const char c : plain) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else if (c == '\'' || c == '`' || c == '~' || c == '^') {
            // As typed; a typesetter would make a quotation mark or an accent of it.
            out += c == '\'' ? "\\(aq" : c == '`' ? "\\(ga" : c == '~' ? "\\(ti" : "\\(ha";
        } else {
            out += c;
        }
    }
    return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view plain) {
    return "\\fB" + text(plain) + "\\fR";
}

std::string italic(std::string_view plain) {
    return "\\fI" + text(plain) + "\\fR";
}

std::string head(std::string_view page, int section, std::string_view program, std::string_view summary) {
    std::string title(page);
    std::ranges::transform(title, title.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return ".TH \"" + text(title) + "\" " + std::to_string(section) + " \"\" \"" + text(program) +
           " " ADIT_VERSION "\" \"Adit\"\n.SH NAME\n" + text(page) + " \\- " + text(summary) + "\n";
}

std::string terms(std::string_view heading, const std::vector<std::pair<std::string, std::string>>& list) {
    std::string out = list.empty() ? "" : ".SH " + text(heading) + "\n";
    for (const auto& [term, meaning] : list) {
        out += ".TP\n" + bold(term) + "\n" + text(meaning) + "\n";
    }
    return out;
}

}  // namespace adit::roff
