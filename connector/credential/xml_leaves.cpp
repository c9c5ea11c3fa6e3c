// A reader of elements; see xml_leaves.h.
#include "connector/credential/xml_leaves.h"

#include <charconv>
#include <cstdint>
#include <vector>

namespace adit::credential {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_of(" \t\r\n<>&'\"=/!?") == std::string_view::npos;
}

/// The character of "#10" or "#x1F600", in UTF-8; false where it is none.
bool append_reference(std::string& out, std::string_view number) {
    const bool hexadecimal = number.starts_with('x');
    number.remove_prefix(hexadecimal ? 1 : 0);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), code, hexadecimal ? 16 : 10);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (error != std::errc() || end != number.data() + number.size() || code == 0 || surrogate || code > 0x10FFFF) {
        return false;
    }
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
    return true;
}

/// Appends text with its references resolved; only the five that XML itself has are known.
bool append_text(std::string& out, std::string_view text) {
    while (!text.empty()) {
        const std::size_t mark = text.find('&');
        out += text.substr(0, mark);
        if (mark == std::string_view::npos) {
            return true;
        }
        const std::size_t end = text.find(';', mark);
        if (end == std::string_view::npos) {
            return false;
        }
        const std::string_view name = text.substr(mark + 1, end - mark - 1);
        if (name.starts_with('#')) {
            if (!append_reference(out, name.substr(1))) {
                return false;
            }
        } else {
            const char c = name == "amp"    ? '&'
                           : name == "lt"   ? '<'
                           : name == "gt"   ? '>'
                           : name == "quot" ? '"'
                           : name == "apos" ? '\''
                                            : '\0';
            if (c == '\0') {
                return false;
            }
            out += c;
        }
        text.remove_prefix(end + 1);
    }
    return true;
}

class Reader {
  public:
    explicit Reader(std::string_view document) : rest_(document) {}

    bool read() {
        while (!rest_.empty()) {
            const std::size_t tag = std::min(rest_.find('<'), rest_.size());
            if (!text(rest_.substr(0, tag))) {
                return false;
            }
            rest_.remove_prefix(tag);
            if (!rest_.empty() && !markup()) {
                return false;
            }
        }
        return open_.empty() && roots_ == 1;
    }
    XmlLeaves& leaves() { return leaves_; }

  private:
    struct Element {
        std::string_view name;
        std::string text;
        bool has_elements = false;
    };

    bool text(std::string_view piece) {
        if (open_.empty()) {
            return piece.find_first_not_of(kBlanks) == std::string_view::npos;
        }
        return append_text(open_.back().text, piece);
    }

    /// Drops `prefix` and all to `end`, which must be there.
    bool pass(std::string_view prefix, std::string_view end) {
        const std::size_t at = rest_.find(end, prefix.size());
        if (at == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(at + end.size());
        return true;
    }

    bool markup() {
        for (const auto& [prefix, end] : {std::pair("<?", "?>"), std::pair("<!--", "-->")}) {
            if (rest_.starts_with(prefix)) {
                return pass(prefix, end);
            }
        }
        if (rest_.starts_with("<!")) {
            return false;  // a type, entities, CDATA: none of these answers has any
        }
        const std::size_t end = rest_.find('>');
        if (end == std::string_view::npos) {
            return false;
        }
        std::string_view tag = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        if (tag.starts_with('/')) {
            return close(tag.substr(1));
        }
        const bool empty = tag.ends_with('/');
        tag.remove_suffix(empty ? 1 : 0);
        const std::string_view name = tag.substr(0, tag.find_first_of(kBlanks));
        return open(name) && (!empty || close(name));
    }

    bool open(std::string_view name) {
        if (!is_name(name) || open_.size() >= kXmlDepth) {
            return false;
        }
        if (open_.empty()) {
            ++roots_;
        } else {
            open_.back().has_elements = true;
        }
        open_.push_back({name, {}});
        return true;
    }

    bool close(std::string_view name) {
        name = name.substr(0, name.find_last_not_of(kBlanks) + 1);
        if (open_.empty() || open_.back().name != name) {
            return false;
        }
        bool unique = true;
        if (!open_.back().has_elements) {
            std::string path;
            for (const Element& element : open_) {
                path.append(path.empty() ? "" : "/").append(element.name);
            }
            unique = leaves_.emplace(std::move(path), std::move(open_.back().text)).second;
        }
        open_.pop_back();
        return unique;
    }

    std::string_view rest_;
    std::vector<Element> open_;
    XmlLeaves leaves_;
    int roots_ = 0;
};

}  // namespace

std::optional<XmlLeaves> parse_xml_leaves(std::string_view document) {
    Reader reader(document);
    if (!reader.read()) {
        return std::nullopt;
    }
    return std::move(reader.leaves());
}

}  // namespace adit::credential
