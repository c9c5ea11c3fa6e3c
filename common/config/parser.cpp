// Feeds the events of yaml-cpp to the node builder and words its syntax errors.
#include "common/config/parser.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/config/builder.h"

namespace adit::yaml {
namespace {

/// Marks of yaml-cpp count from 0, and are -1 where it knows no place.
Place to_place(const std::shared_ptr<const Source>& source, const YAML::Mark& mark) {
    if (mark.line < 0 || mark.column < 0) return {source, 0, 0};
    return {source, static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

/// Translates events only; all decisions are the builder's.
class Events final : public YAML::EventHandler {
  public:
    Events(std::shared_ptr<const Source> source, Builder& builder) : source_(std::move(source)), builder_(builder) {}

    void OnDocumentStart(const YAML::Mark& mark) override { builder_.document(to_place(source_, mark)); }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        builder_.nothing(to_place(source_, mark), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        builder_.alias(to_place(source_, mark), anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        builder_.scalar(to_place(source_, mark), tag, anchor, value);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        builder_.open(Node::Kind::list, to_place(source_, mark), tag, anchor);
    }
    void OnSequenceEnd() override { builder_.close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        builder_.open(Node::Kind::map, to_place(source_, mark), tag, anchor);
    }
    void OnMapEnd() override { builder_.close(); }

  private:
    std::shared_ptr<const Source> source_;
    Builder& builder_;
};

/// What most likely led to a syntax error, when the line shows one of the usual slips.
std::string hint(std::string_view line, std::string_view problem) {
    if (line.substr(0, line.find_first_not_of(" \t")).contains('\t'))
        return "; indent with spaces, YAML does not allow tabs";
    if (problem.contains("flow not found") && line.contains("${"))
        return "; within [ ] and { } put \"${NAME}\" in quotes";
    if (problem.contains("anchor is not defined"))
        return R"(; a value that begins with "*" needs quotes, as in "*.example.com")";
    if (problem.contains("unknown token")) return "; a value that begins with a special character needs quotes";
    return {};
}

/// yaml-cpp takes a quoted scalar that runs to the end of the file as closed. It can only be the last one, and it
/// swallowed all that followed. `from` is where that scalar (or its anchor or tag) begins.
bool quote_left_open(std::string_view text, std::size_t from) {
    const auto open = text.find_first_of("'\"|>\n", from);
    if (open == std::string_view::npos || (text[open] != '\'' && text[open] != '"')) return false;
    const char quote = text[open];
    for (auto i = open + 1; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote) {
            if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return false;
            ++i;  // '' is a quote within single quotes
        }
    }
    return true;
}

std::size_t offset_of(const Place& place) {
    const auto line = place.source->line(place.line);
    return static_cast<std::size_t>(line.data() - place.source->text().data()) + place.column - 1;
}

}  // namespace

std::optional<Node> parse(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics) {
    // yaml-cpp does not come to an end with some bytes that are no characters.
    if (!is_utf8(source->text()) || source->text().contains('\0')) {
        diagnostics.error({source, 0, 0}, "this is not a text file in UTF-8");
        return std::nullopt;
    }
    Builder builder(diagnostics);
    Events events(source, builder);
    try {
        std::istringstream stream(source->text());
        YAML::Parser parser(stream);
        // A second one is an error, which Builder tells; yaml-cpp may find documents without end in a few bytes.
        for (int documents = 0; documents < 2 && parser.HandleNextDocument(events); ++documents) {
        }
    } catch (const YAML::Exception& error) {
        auto place = to_place(source, error.mark);
        // Behind a colon some of its messages have a part of the file.
        auto message =
            "not valid YAML: " + error.msg.substr(0, error.msg.find(": ")) + hint(source->line(place.line), error.msg);
        diagnostics.error(std::move(place), std::move(message));
        return std::nullopt;
    }
    if (const auto& last = builder.last_quoted(); last && quote_left_open(source->text(), offset_of(*last))) {
        diagnostics.error(*last, "not valid YAML: the quote that opens here is never closed");
        return std::nullopt;
    }
    auto root = std::move(builder).finish();
    if (root && root->place.source == nullptr) root->place = Place{source, 1, 1};
    return root;
}

}  // namespace adit::yaml
