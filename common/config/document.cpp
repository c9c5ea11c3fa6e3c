// Loading follows includes depth first; the chain of files that are being read is what finds cycles.
#include "common/config/document.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/file.h"
#include "common/config/limits.h"
#include "common/config/merge.h"
#include "common/config/parser.h"

namespace adit::yaml {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view include_key = "include";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// One file's name for comparing: links and dots resolved.
fs::path identity_of(const fs::path& path) {
    std::error_code failed;
    auto canonical = fs::weakly_canonical(path, failed);
    return failed ? path.lexically_normal() : canonical;
}

class Loader {
  public:
    Loader(const Environment& environment, Diagnostics& diagnostics)
        : environment_(environment), diagnostics_(diagnostics) {}

    /// `named_at` is the include that names the file, or nothing for the first one.
    std::optional<Node> load(const fs::path& path, const Place* named_at);

  private:
    /// A file that was read or is being read.
    struct Loaded {
        fs::path identity;
        std::string name;
        std::optional<Place> named_at;
    };

    bool may_load(const fs::path& path, const fs::path& identity, const Place* named_at);
    std::optional<Node> parse_file(const fs::path& path, const Place* named_at);
    bool add_includes(Node& document);

    const Environment& environment_;
    Diagnostics& diagnostics_;
    std::vector<Loaded> loaded_;
    std::vector<std::size_t> chain_;  ///< indices into loaded_, from the first file to the one being read
};

std::optional<Node> Loader::load(const fs::path& path, const Place* named_at) {
    const auto identity = identity_of(path);
    if (!may_load(path, identity, named_at)) return std::nullopt;
    chain_.push_back(loaded_.size());
    loaded_.push_back({identity, path.string(), named_at ? std::optional(*named_at) : std::nullopt});

    auto document = parse_file(path, named_at);
    if (document && !add_includes(*document)) document.reset();
    chain_.pop_back();
    return document;
}

bool Loader::may_load(const fs::path& path, const fs::path& identity, const Place* named_at) {
    if (loaded_.size() >= limits::files) {
        diagnostics_.error(*named_at, "more than " + std::to_string(limits::files) + " files are included");
        return false;
    }
    const auto same = std::ranges::find(loaded_, identity, &Loaded::identity);
    if (same == loaded_.end()) return true;

    const auto index = static_cast<std::size_t>(same - loaded_.begin());
    const auto in_chain = std::ranges::find(chain_, index);
    if (in_chain != chain_.end()) {
        std::string circle;
        for (auto it = in_chain; it != chain_.end(); ++it) circle += loaded_[*it].name + " -> ";
        diagnostics_.error(*named_at, "the files include each other in a circle: " + circle + path.string());
    } else {
        diagnostics_.error(*named_at, "\"" + path.string() + "\" is already included at " + same->named_at->text());
    }
    return false;
}

std::optional<Node> Loader::parse_file(const fs::path& path, const Place* named_at) {
    auto content = read_file(path, limits::file_bytes);
    if (content && content->starts_with(byte_order_mark)) content->erase(0, byte_order_mark.size());
    const auto source =
        std::make_shared<const Source>(path.string(), path.parent_path(), content.value_or(""), loaded_.size());
    if (!content) {
        diagnostics_.error(named_at ? *named_at : Place{source, 0, 0}, "cannot read " + content.error().message);
        return std::nullopt;
    }
    auto document = parse(source, diagnostics_);
    if (!document) return std::nullopt;
    if (document->kind == Node::Kind::nothing) {
        diagnostics_.error({source, 1, 1}, "the file is empty");
        return std::nullopt;
    }
    if (document->kind != Node::Kind::map) {
        diagnostics_.error(document->place,
                           "a configuration is a map of keys, found " + std::string(describe(document->kind)));
        return std::nullopt;
    }
    substitute(*document, environment_, diagnostics_);
    return document;
}

/// Takes the key `include` out of the document and merges the files that it names. False when one was not readable.
bool Loader::add_includes(Node& document) {
    const auto include = std::ranges::find(document.members, include_key, &Member::key);
    if (include == document.members.end()) return true;
    const auto value = std::move(include->value);
    document.members.erase(include);
    if (value.kind != Node::Kind::list) {
        diagnostics_.error(value.place, "\"include\" is a list of files, as in include: [other.yaml]");
        return false;
    }
    bool complete = true;
    for (const auto& item : value.items) {
        if (item.failed) continue;
        if (item.kind != Node::Kind::scalar || item.text.empty()) {
            diagnostics_.error(item.place, "expected the name of a file, found " + std::string(describe(item.kind)));
            continue;
        }
        auto included = load(item.place.source->directory() / item.text, &item.place);
        if (included)
            merge(document, *std::move(included), diagnostics_);
        else
            complete = false;
    }
    return complete;
}

}  // namespace

std::optional<Node> load_document(const fs::path& path, const Environment& environment, Diagnostics& diagnostics) {
    return Loader(environment, diagnostics).load(path, nullptr);
}

}  // namespace adit::yaml
