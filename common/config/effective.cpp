// Writing a document back, in the order of the table; see effective.h.
#include "common/config/effective.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/strings.h"

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

constexpr std::string_view kMask = "masked";

/// What a URL says up to its path, without user information; the rest is masked.
std::string origin_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) {
        return std::string(kMask);
    }
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
    const std::size_t user = url.rfind('@', end);
    const std::size_t host = user == std::string::npos || user < begin ? begin : user + 1;
    return url.substr(0, begin) + url.substr(host, end - host) + (end == url.size() ? "" : "/masked");
}

/// Of a secret that refers to variables or files, the references; what stands beside them, and what counts where a
/// variable is not set, is masked. The word before a blank stays: it is a scheme, such as Bearer.
std::string references_of(std::string_view written) {
    std::string shown;
    if (const std::size_t blank = written.find(' '); blank < written.find('$')) {
        const std::string_view word = written.substr(0, blank);
        if (word == "Bearer" || word == "Basic") {
            shown = std::string(word) + ' ';
            written.remove_prefix(blank + 1);
        }
    }
    while (!written.empty()) {
        if (!written.starts_with("${")) {
            shown += shown.ends_with(kMask) ? "" : kMask;
            written.remove_prefix(std::min(written.size(), written.starts_with("$$") ? 2 : written.find('$', 1)));
            continue;
        }
        const std::string_view reference = written.substr(0, written.find('}'));
        const std::size_t otherwise = reference.starts_with("${file:") ? reference.npos : reference.find(":-");
        shown += reference.substr(0, otherwise);
        shown += otherwise == reference.npos ? "}" : ":-masked}";
        written.remove_prefix(std::min(reference.size() + 1, written.size()));
    }
    return shown;
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
            Schema of = schema.items.front();
            for (const Member& member : node.members) {
                of.secret = schema.items.front().secret || (schema.secret_by_name && names_credential(member.key));
                value(scalar(member.key), member.value, of, depth + 1);
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
        if (!schema.secret) {
            return scalar(node.written.empty() ? node.text : node.written);
        }
        if (!node.written.empty()) {
            return scalar(references_of(node.written));
        }
        return schema.name == kUrlType ? scalar(origin_of(node.text)) : std::string(kMask);
    }
};

}  // namespace

bool names_credential(std::string_view name) {
    const std::string lower = to_lower(name);
    static constexpr std::array<std::string_view, 9> kWords{"auth",   "cookie",    "credential", "key",    "pass",
                                                            "secret", "signature", "token",      "session"};
    return std::ranges::any_of(kWords, [&](std::string_view word) { return lower.contains(word); });
}

std::string effective(const Node& root, const Schema& schema) {
    Writer writer;
    writer.object(root, schema, 0);
    return std::move(writer.out);
}

}  // namespace adit::yaml
