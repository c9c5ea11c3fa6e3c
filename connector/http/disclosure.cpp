// Writing anew, or continuing, the fields that tell of hops; see disclosure.h.
#include "connector/http/disclosure.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/base/strings.h"
#include "connector/http/forward.h"

namespace adit::http {
namespace {

using Hops = Disclosure::Hops;

/// All values of a field as one list with `last` at its end.
std::string continued(const RequestHead& request, Known known, std::string_view name, std::string_view last) {
    std::string list;
    for (const Field& field : request.fields) {
        if (field.known == known && iequals(field.name, name)) {
            list.append(field.value).append(", ");
        }
    }
    return list.append(last);
}

void add_x_forwarded(FieldSink& out, const RequestHead& request, const Onward& onward) {
    out.add("x-forwarded-for", onward.client);
    out.add("x-forwarded-proto", onward.client_tls ? "https" : "http");
    if (!request.authority.empty()) {
        out.add("x-forwarded-host", request.authority);
    }
}

/// The trusted proxy's word stands, where it gave one; ours fills what it left out.
void continue_x_forwarded(FieldSink& out, const RequestHead& request, const Onward& onward) {
    out.add("x-forwarded-for", continued(request, Known::x_forwarded, "x-forwarded-for", onward.peer));
    for (const auto& [name, ours] :
         {std::pair<std::string_view, std::string_view>{"x-forwarded-host", request.authority},
          {"x-forwarded-port", {}},
          {"x-forwarded-proto", onward.client_tls ? "https" : "http"}}) {
        const auto found = std::ranges::find_if(request.fields, [&](const Field& field) {
            return field.known == Known::x_forwarded && iequals(field.name, name);
        });
        const Field* theirs = found == request.fields.end() ? nullptr : &*found;
        if (theirs != nullptr || !ours.empty()) {
            out.add(name, theirs == nullptr ? ours : theirs->value);
        }
    }
}

/// RFC 7239 §4 and §6: an IPv6 address is quoted and bracketed.
/// The view lives until the next call on this thread.
std::string_view element(const RequestHead& request, std::string_view address, bool tls) {
    const bool six = address.find(':') != std::string_view::npos;
    static thread_local std::string text;
    text = "for=";
    text += six ? "\"[" : "";
    text += address;
    text += six ? "]\"" : "";
    text.append(";proto=").append(tls ? "https" : "http");
    if (!request.authority.empty()) {
        text.append(";host=\"").append(request.authority).append("\"");
    }
    return text;
}

}  // namespace

void add_hops(FieldSink& out, const RequestHead& request, const Onward& onward) {
    const Disclosure& tell = onward.disclosure;
    if (tell.x_forwarded == Hops::append && onward.vouched == CallerField::x_forwarded_for) {
        continue_x_forwarded(out, request, onward);
    } else if (tell.x_forwarded != Hops::off) {
        add_x_forwarded(out, request, onward);
    }
    if (tell.forwarded == Hops::append && onward.vouched == CallerField::forwarded) {
        out.add("forwarded",
                continued(request, Known::forwarded, "forwarded", element(request, onward.peer, onward.peer_tls)));
    } else if (tell.forwarded != Hops::off) {
        out.add("forwarded", element(request, onward.client, onward.client_tls));
    }
}

}  // namespace adit::http
