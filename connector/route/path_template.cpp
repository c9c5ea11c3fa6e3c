// Compiling and filling in; see path_template.h.
#include "connector/route/path_template.h"

#include <algorithm>

#include "connector/config/pattern.h"

namespace adit::route {
namespace {

/// The path from its segment `index` on, without the slash before it.
std::string_view from_segment(std::string_view path, std::size_t index) {
    for (; index > 0; --index) {
        const std::size_t slash = path.find('/', 1);
        if (slash == std::string_view::npos) {
            return {};
        }
        path.remove_prefix(slash);
    }
    return path.substr(std::min<std::size_t>(1, path.size()));
}

}  // namespace

std::optional<Capture> Capture::find(std::string_view pattern, std::string_view name) {
    const std::vector<std::string> names = config::capture_names(pattern);
    const auto found = std::ranges::find(names, name);
    if (name.empty() || found == names.end()) {
        return std::nullopt;
    }
    return Capture(static_cast<std::size_t>(found - names.begin()),
                   pattern.ends_with("**}") && found + 1 == names.end());
}

std::string_view Capture::in(std::string_view path) const {
    const std::string_view rest = from_segment(path, index_);
    return rest_ ? rest : rest.substr(0, rest.find('/'));
}

PathTemplate::PathTemplate(std::string_view pattern, std::string_view text) {
    while (!text.empty()) {
        const std::size_t open = std::min(text.find('{'), text.size());
        if (open > 0) {
            parts_.push_back({Kind::text, std::string(text.substr(0, open)), {}});
            text.remove_prefix(open);
            continue;
        }
        const std::size_t close = text.find('}');
        const std::string_view name = text.substr(1, close - 1);
        if (name == "host" || name == "path") {
            parts_.push_back({name == "host" ? Kind::host : Kind::path, {}, {}});
        } else if (const auto capture = Capture::find(pattern, name)) {
            parts_.push_back({Kind::capture, {}, capture});
        }
        text.remove_prefix(close + 1);
    }
}

std::string PathTemplate::expand(std::string_view host, std::string_view path) const {
    std::string out;
    for (const Part& part : parts_) {
        switch (part.kind) {
            case Kind::text:
                out += part.text;
                break;
            case Kind::host:
                out += host;
                break;
            case Kind::path:
                out += path;
                break;
            case Kind::capture:
                out += part.capture->in(path);
                break;
        }
    }
    if (out.starts_with('/')) {
        out.erase(1, std::min(out.find_first_not_of('/'), out.size()) - 1);
    }
    return out;
}

}  // namespace adit::route
