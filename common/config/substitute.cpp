// A single pass over each scalar; what was brought in is never scanned, so values cannot smuggle references.
#include "common/config/substitute.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/file.h"
#include "common/config/limits.h"

namespace adit::yaml {
namespace {

bool is_variable_name(std::string_view name) {
    const auto is_word = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, is_word);
}

Result<std::string> file_content(std::string_view path, Node& node) {
    if (path.empty()) return usage_error("${file:} needs a path");
    const auto& file = node.files.emplace_back(node.place.source->directory() / path);
    auto content = read_file(file, limits::substitute_bytes);
    if (!content) return std::unexpected(std::move(content).error().with("cannot read"));
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    return *std::move(content);
}

/// What `${reference}` in the node's text stands for.
Result<std::string> resolve(std::string_view reference, Node& node, const Environment& environment) {
    constexpr std::string_view file_prefix = "file:";
    if (reference.starts_with(file_prefix)) return file_content(reference.substr(file_prefix.size()), node);

    const auto default_at = reference.find(":-");
    const auto name = reference.substr(0, default_at);
    if (!is_variable_name(name))
        return usage_error(
            "a reference is one of ${NAME}, ${NAME:-default} and ${file:PATH}; write $${ for a plain ${");
    auto value = environment(name);
    if (default_at != std::string_view::npos)
        return value && !value->empty() ? *std::move(value) : std::string(reference.substr(default_at + 2));
    if (!value)
        return usage_error("the environment variable " + std::string(name) +
                           " is not set; set it, or give a default as in ${" + std::string(name) + ":-value}");
    return *std::move(value);
}

Result<std::string> expand(Node& node, const Environment& environment) {
    std::string_view text = node.text;
    std::string result;
    while (true) {
        const auto dollar = text.find('$');
        result += text.substr(0, dollar);
        if (dollar == std::string_view::npos) return result;
        text.remove_prefix(dollar + 1);
        if (!text.starts_with('{')) {
            if (text.starts_with('$')) text.remove_prefix(1);
            result += '$';
            continue;
        }
        const auto end = text.find('}');
        if (end == std::string_view::npos) return usage_error("\"${\" is not closed; write $${ for a plain ${");
        auto value = resolve(text.substr(1, end - 1), node, environment);
        if (!value) return value;
        result += *value;
        text.remove_prefix(end + 1);
    }
}

void substitute_scalar(Node& node, const Environment& environment, Diagnostics& diagnostics) {
    if (!node.text.contains('$')) return;
    auto value = expand(node, environment);
    if (!value) {
        diagnostics.error(node.place, value.error().message);
        node.failed = true;
        return;
    }
    node.written = std::exchange(node.text, *std::move(value));
}

}  // namespace

Environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        if (!value) return std::nullopt;
        return value;
    };
}

void substitute(Node& node, const Environment& environment, Diagnostics& diagnostics) {
    if (node.kind == Node::Kind::scalar) substitute_scalar(node, environment, diagnostics);
    for (auto& item : node.items) substitute(item, environment, diagnostics);
    for (auto& member : node.members) substitute(member.value, environment, diagnostics);
}

}  // namespace adit::yaml
