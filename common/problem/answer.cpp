// Writing problem+json and Proxy-Status; see answer.h.
#include "common/problem/answer.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"

namespace adit::problem {
namespace {

struct Phrase {
    int status;
    std::string_view words;
};

constexpr std::array kPhrases{
    Phrase{100, "Continue"},
    Phrase{101, "Switching Protocols"},
    Phrase{103, "Early Hints"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{204, "No Content"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{407, "Proxy Authentication Required"},
    Phrase{408, "Request Timeout"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{499, "Client Closed Request"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
    Phrase{508, "Loop Detected"},
};

/// The words of a code: "connect-timeout" -> "Connect timeout".
std::string title_of(std::string_view code) {
    std::string title(code);
    std::ranges::replace(title, '-', ' ');
    if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') {
        title[0] = static_cast<char>(title[0] - 'a' + 'A');
    }
    return title;
}

void member(std::string& out, std::string_view key, std::string_view value) {
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
}

bool retryable(const Failure& failure) {
    return failure.retryable.value_or(failure.status == 429 || failure.status == 503);
}

void attempts(std::string& out, const std::vector<Tried>& all) {
    out += ",\"attempts\":[";
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Tried& tried = all[i];
        out += (i == 0 ? "{\"attempt\":" : ",{\"attempt\":") + std::to_string(i + 1) + ",";
        member(out, "endpoint", tried.endpoint);
        if (!tried.agent.empty()) {
            out += ',';
            member(out, "agent", tried.agent);
        }
        out += ',';
        member(out, "phase", tried.phase);
        out += ",\"ms\":" + std::to_string(tried.ms) + ",";
        member(out, "outcome", tried.outcome);
        if (!tried.why.empty()) {
            out += ',';
            member(out, "not_retried", tried.why);
        }
        out += '}';
    }
    out += ']';
}

}  // namespace

std::string_view reason_phrase(int status) {
    const auto found = std::ranges::find(kPhrases, status, &Phrase::status);
    return found == kPhrases.end() ? std::string_view("Unknown") : found->words;
}

std::string problem_json(const Failure& failure, std::string_view types, std::string_view instance,
                         std::string_view request_id, std::string_view timestamp) {
    std::string out = "{";
    member(out, "type", std::string(types).append(failure.code));
    out += ',';
    member(out, "title", title_of(failure.code));
    out += ",\"status\":" + std::to_string(failure.status) + ",";
    member(out, "detail", failure.detail);
    out += ',';
    member(out, "instance", instance);
    out += ',';
    member(out, "code", failure.code);
    out += ",\"trace\":{";
    member(out, "timestamp", timestamp);
    out += ',';
    member(out, "requestId", request_id);
    out += '}';
    out += retryable(failure) ? ",\"retryable\":true" : ",\"retryable\":false";
    if (failure.retry_after > 0) {
        out += ",\"retry_after\":" + std::to_string(failure.retry_after);
    }
    if (!failure.attempts.empty()) {
        attempts(out, failure.attempts);
    }
    out += "}\n";
    return out;
}

std::string proxy_status(const Failure& failure, std::string_view proxy, int received_status) {
    std::string out(proxy);
    out += "; error=";
    out += name(failure.error);
    if (received_status != 0) {
        out += "; received-status=" + std::to_string(received_status);
    }
    if (!failure.detail.empty()) {
        out += "; details=\"";
        for (const char c : failure.detail) {
            // RFC 8941 §3.3.3: a string holds printable ASCII, with " and \ escaped.
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += c >= 0x20 && c < 0x7f ? c : '?';
        }
        out += '"';
    }
    return out;
}

}  // namespace adit::problem
