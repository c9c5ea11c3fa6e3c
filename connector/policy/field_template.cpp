// Compiling templates and filling them in; see field_template.h.
#include "connector/policy/field_template.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::policy {
namespace {

std::string_view value_of(config::RequestValue value, const RequestValues& values) {
    using enum config::RequestValue;
    switch (value) {
        case client_ip:
            return values.client_ip;
        case host:
            return values.host;
        case path:
            return values.path;
        case method:
            return values.request.method;
        case request_id:
            return values.request_id;
        case route:
            return values.route;
        case backend:
            return values.backend;
        case scheme:
            return values.scheme;
        case consumer:
            return values.caller == nullptr ? std::string_view() : values.caller->consumer;
        case consumer_environment:
            return values.caller == nullptr ? std::string_view() : values.caller->environment;
        case consumer_project:
            return values.caller == nullptr ? std::string_view() : values.caller->project;
    }
    return {};
}

/// RFC 9110 §5.2: fields of one name are one list.
void append_fields(std::string& out, const http::RequestHead& request, std::string_view name) {
    bool first = true;
    for (const http::Field& field : request.fields) {
        if (iequals(field.name, name) && field.known != http::Known::identity) {
            out.append(first ? "" : ", ").append(field.value);
            first = false;
        }
    }
}

std::string_view attribute_of(const access::Caller* caller, std::string_view name) {
    if (caller == nullptr) {
        return {};
    }
    const auto found = caller->attributes.find(name);
    return found == caller->attributes.end() ? std::string_view() : found->second;
}

}  // namespace

FieldTemplate::FieldTemplate(std::string_view pattern, std::string_view text) {
    for (const config::TemplatePiece& piece :
         config::parse_field_template(text).value_or(std::vector<config::TemplatePiece>())) {
        if (piece.kind == config::TemplatePiece::Kind::text) {
            pieces_.push_back({piece.text});
        } else if (const auto capture = route::Capture::find(pattern, piece.text)) {
            pieces_.push_back({{}, Piece::Kind::capture, {}, capture});
        } else if (const auto value = config::request_value(piece.text)) {
            pieces_.push_back({{}, Piece::Kind::value, *value});
        } else if (const std::string_view attribute = config::attribute_of(piece.text); !attribute.empty()) {
            pieces_.push_back({std::string(attribute), Piece::Kind::attribute});
        } else {
            pieces_.push_back({std::string(config::header_of(piece.text)), Piece::Kind::field});
        }
    }
}

std::optional<std::string_view> FieldTemplate::constant() const {
    const bool plain = pieces_.size() == 1 && pieces_[0].kind == Piece::Kind::text;
    return plain ? std::optional(trim(pieces_[0].text)) : std::nullopt;
}

std::string FieldTemplate::expand(const RequestValues& values) const {
    std::string out;
    for (const Piece& piece : pieces_) {
        switch (piece.kind) {
            case Piece::Kind::text:
                out += piece.text;
                break;
            case Piece::Kind::field:
                append_fields(out, values.request, piece.text);
                break;
            case Piece::Kind::attribute:
                out += attribute_of(values.caller, piece.text);
                break;
            case Piece::Kind::value:
                out += value_of(piece.value, values);
                break;
            case Piece::Kind::capture:
                out += piece.capture->in(values.path);
                break;
        }
    }
    // What was read strictly holds none of these; a value must not depend on that.
    std::erase_if(out, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
    return std::string(trim(out));
}

}  // namespace adit::policy
