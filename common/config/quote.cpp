// One pass over a line. It knows as much of YAML as is needed to tell keys from the rest; what it takes for a value by
// mistake is masked.
#include "common/config/quote.h"

#include <algorithm>

namespace adit::yaml {
namespace {

constexpr std::string_view kMask = "...";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

class Masking {
  public:
    Masking(std::string_view line, std::size_t column, const Words& known)
        : line_(line), wanted_(column - 1), known_(known) {}

    Quote run() {
        while (at_ < line_.size()) {
            step();
        }
        if (!found_) {
            quote_.column = quote_.line.size();
        }
        return std::move(quote_);
    }

  private:
    bool at_blank(std::size_t at) const { return at >= line_.size() || is_blank(line_[at]); }
    bool ends_key(std::size_t at) const {
        return line_[at] == ':' && (at_blank(at + 1) || (depth_ > 0 && flow_.contains(line_[at + 1])));
    }
    bool begins_comment(std::size_t at) const { return line_[at] == '#' && (at == 0 || is_blank(line_[at - 1])); }

    void step() {
        const char c = line_[at_];
        if (is_blank(c)) {
            put(at_ + 1, " ");
        } else if (flow_.contains(c)) {
            depth_ += c == '{' || c == '[' ? 1 : 0;
            depth_ -= (c == '}' || c == ']') && depth_ > 0 ? 1 : 0;
            awaits_value_ = false;
            put(at_ + 1, line_.substr(at_, 1));
        } else if (c == '-' && at_blank(at_ + 1) && !awaits_value_) {
            put(at_ + 1, "-");
        } else if (begins_comment(at_)) {
            put(line_.size(), "# ...");
        } else {
            word();
        }
    }

    /// A scalar, and the colon behind it when it is a key.
    void word() {
        const char quote = line_[at_];
        const bool quoted = quote == '"' || quote == '\'';
        const std::size_t end = quoted ? end_of_quoted(quote) : end_of_plain();
        std::size_t colon = end;
        while (colon < line_.size() && is_blank(line_[colon])) {
            ++colon;
        }
        const bool joined = quoted && depth_ > 0 && colon < line_.size() && line_[colon] == ':';  // as JSON is written
        const bool is_key = joined || (colon < line_.size() && !awaits_value_ && ends_key(colon));
        const std::string_view text = line_.substr(at_, end - at_);
        put(end, is_key && known_.contains(quoted ? text.substr(1, text.size() - 2) : text) ? text : kMask);
        if (is_key) {
            put(colon, std::string(colon - end, ' '));
            put(colon + 1, ":");
            awaits_value_ = depth_ == 0;
        }
    }

    /// Behind the quote that closes it, or at the line's end.
    std::size_t end_of_quoted(char quote) const {
        for (std::size_t at = at_ + 1; at < line_.size(); ++at) {
            const bool doubled = quote == '\'' && line_.substr(at).starts_with("''");
            if ((line_[at] == '\\' && quote == '"') || doubled) {
                ++at;
            } else if (line_[at] == quote) {
                return at + 1;
            }
        }
        return line_.size();
    }

    /// Within { } and [ ] a scalar ends at their punctuation; elsewhere a key ends at its colon, and a value with the
    /// line.
    std::size_t end_of_plain() const {
        std::size_t end = at_ + 1;
        while (end < line_.size() && !begins_comment(end) && !(depth_ > 0 && flow_.contains(line_[end])) &&
               !(!awaits_value_ && ends_key(end))) {
            ++end;
        }
        while (is_blank(line_[end - 1])) {
            --end;
        }
        return end;
    }

    /// Goes on to `end`, with this in the place of what is passed. What is as long as before keeps its columns.
    void put(std::size_t end, std::string_view shown) {
        if (!found_ && wanted_ < end) {
            found_ = true;
            quote_.column = quote_.line.size() + (shown.size() == end - at_ && shown != kMask ? wanted_ - at_ : 0);
        }
        quote_.line += shown;
        at_ = end;
    }

    static constexpr std::string_view flow_ = "{}[],";

    std::string_view line_;
    std::size_t wanted_;
    const Words& known_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;      ///< of { and [ on this line
    bool awaits_value_ = false;  ///< outside of them: a key has come
    bool found_ = false;         ///< the column
    Quote quote_;
};

void add_words(const Schema& schema, Words& words) {
    if (!schema.key.empty()) {
        words.insert(schema.key);
    }
    for (const Schema& field : schema.fields) {
        add_words(field, words);
    }
    for (const Schema& item : schema.items) {
        add_words(item, words);
    }
}

}  // namespace

Words words_of(const Schema& schema) {
    Words words{"include"};
    add_words(schema, words);
    return words;
}

Quote masked(std::string_view line, std::size_t column, const Words& known) {
    return Masking(line, std::max<std::size_t>(column, 1), known).run();
}

}  // namespace adit::yaml
