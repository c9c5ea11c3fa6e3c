// The parts of a head that requests, responses and trailers share: lines, fields, and what they say about framing.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "connector/http/message.h"
#include "connector/http/parse.h"

namespace adit::http {

using Outcome = std::expected<void, ParseError>;

std::unexpected<ParseError> refuse(const char* words, int status = 400, problem::Code code = "bad-request");
/// We add what origins trust; TRACE would show that to the caller (RFC 9110 §9.3.8).
std::unexpected<ParseError> refuse_trace();

/// What a field of this name means to a proxy.
Known known(std::string_view name);
/// Whether an origin may take two names for one: case does not matter, and '_' is '-' to CGI and its heirs.
bool same_name(std::string_view a, std::string_view b);
bool is_token(std::string_view text);
/// Fields of one hop only, and those that Connection names: they go no further. Names that would strip what guards a
/// request are not followed: they are not `Known::other`, so Connection is not asked about them.
bool hop_by_hop(const Head& head, const Field& field);
/// RFC 9110 §5.5: visible characters, blanks, tabs and bytes above 0x7f; no NUL, CR, LF or other control.
bool is_field_value(std::string_view text);

/// What Expect says of a request whose framing is known: 100-continue, once, is all that there is (RFC 9110 §10.1.1).
Outcome read_expectation(RequestHead& head);

/// What the field lines say about framing and the connection, collected while they are read.
struct Collected {
    bool has_length = false;
    std::uint64_t length = 0;
    int transfer_encodings = 0;
    std::string_view transfer_encoding;
    int hosts = 0;
    std::string_view host;
    bool close = false;
    bool keep_alive = false;
    bool upgrade_option = false;
    std::string_view upgrade;
    int content_types = 0;
};

/// Takes the next line without its CRLF off `rest`; false when a bare CR or LF stands in it.
bool next_line(std::string_view& rest, std::string_view& line);
/// Adds a valid field to the head and notes what it means; at most `most` fields.
Outcome add_field(std::string_view name, std::string_view value, Head& head, Collected& seen, std::size_t most);
/// What framing and connection fields have said, once all of them are read.
void settle_connection(Head& head, const Collected& seen);
/// RFC 9110 §6.5.1: whether a field may come after the body and be passed on.
bool allowed_in_trailers(const Field& field);
/// Parses a field line into the head and notes what it means; at most `most` fields.
Outcome parse_field(std::string_view line, Head& head, Collected& seen, std::size_t most);
/// Parses all field lines up to the empty one.
Outcome parse_fields(std::string_view rest, Head& head, Collected& seen, std::size_t most);
/// RFC 9112 §5.2: a response's folded lines become blanks; in a request folding is an error.
void unfold(std::string& bytes);

}  // namespace adit::http
