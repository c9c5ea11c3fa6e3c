// Writing a document back, in the order of the table; see effective.h.
#include "common/config/effective.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>

namespace adit::yaml {
namespace {

/// As it is where YAML reads it back as the same text, else in quotes.
std::string scalar(const std::string& text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
               c == '.' || c == '-';
    });
    return plain && text.front() != '-' ? text : boost::json::serialize(boost::json::string(text));
}

constexpr std::string_view kUrlType = "a URL";  ///< of secret ones the scheme, host and port are shown

/// What a URL says up to its path, without user information; the rest is masked.
std::string origin_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) {
        return "masked";
    }
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
    const std::size_t user = url.rfind('@', end);
    const std::size_t host = user == std::string::npos || user < begin ? begin : user + 1;
    return url.substr(0, begin) + url.substr(host, end - host) + (end == url.size() ? "" : "/masked");
}

class Writer {
  public:
    std::string out;

    void object(const Node& node, const Schema& schema, std::size_t depth) {
        static const Node nothing;  // find() finds nothing in it
        for (const Schema& field : schema.fields) {
            if (const Member* member = node.find(field.key)) {
                value(field.key, member->value, field, depth);
            } else if (!field.default_value.empty()) {
                line(depth, field.key + ": " + scalar(field.default_value) + "  # default");
            } else if (field.kind == Schema::Kind::object && !field.optional && has_defaults(field)) {
                line(depth, field.key + ":");
                object(nothing, field, depth + 1);
            }
        }
    }

  private:
    static bool has_defaults(const Schema& schema) {
        return std::ranges::any_of(schema.fields, [](const Schema& field) {
            return !field.default_value.empty() || (!field.optional && has_defaults(field));
        });
    }

    void line(std::size_t depth, const std::string& text) { out += std::string(2 * depth, ' ') + text + "\n"; }

    void value(const std::string& key, const Node& node, const Schema& schema, std::size_t depth) {
        if (node.kind == Node::Kind::scalar) {
            line(depth, key + ": " + text_of(node, schema));
        } else if (schema.kind == Schema::Kind::list) {
            line(depth, key + ":" + (node.items.empty() ? " []" : ""));
            items(node, schema.items.front(), depth + 1);
        } else if (schema.kind == Schema::Kind::named) {
            line(depth, key + ":" + (node.members.empty() ? " {}" : ""));
            for (const Member& member : node.members) {
                value(scalar(member.key), member.value, schema.items.front(), depth + 1);
            }
        } else if (schema.kind == Schema::Kind::object) {
            const std::size_t start = out.size();
            object(node, schema, depth + 1);
            out.insert(start, std::string(2 * depth, ' ') + key + (out.size() == start ? ": {}\n" : ":\n"));
        }
    }

    void items(const Node& list, const Schema& schema, std::size_t depth) {
        for (const Node& item : list.items) {
            if (item.kind == Node::Kind::scalar) {
                line(depth, "- " + text_of(item, schema));
                continue;
            }
            const std::size_t start = out.size();
            object(item, schema, depth + 1);
            if (out.size() == start) {
                line(depth, "- {}");
            } else {
                out[start + 2 * depth] = '-';  // the item's first line begins it
            }
        }
    }

    static std::string text_of(const Node& node, const Schema& schema) {
        if (!node.written.empty()) {
            return scalar(node.written);
        }
        if (!schema.secret) {
            return scalar(node.text);
        }
        return schema.name == kUrlType ? scalar(origin_of(node.text)) : "masked";
    }
};

}  // namespace

std::string effective(const Node& root, const Schema& schema) {
    Writer writer;
    writer.object(root, schema, 0);
    return std::move(writer.out);
}

}  // namespace adit::yaml
