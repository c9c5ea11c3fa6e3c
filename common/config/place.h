// Where something stands in a file: the coordinates that every configuration error carries.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace adit::yaml {

/// One configuration file as it was read. Immutable.
class Source {
  public:
    /// `name` is what errors print; `directory` is what relative paths in the file start from; `order` is the file's
    /// turn in loading, by which errors of several files are sorted.
    Source(std::string name, std::filesystem::path directory, std::string text, std::size_t order);

    const std::string& name() const { return name_; }
    const std::filesystem::path& directory() const { return directory_; }
    const std::string& text() const { return text_; }
    std::size_t order() const { return order_; }

    /// The text of a line (1-based) without its end; empty beyond the file.
    std::string_view line(std::size_t number) const;

  private:
    std::string name_;
    std::filesystem::path directory_;
    std::string text_;
    std::size_t order_;
    std::vector<std::size_t> line_starts_;
};

/// A position in a file. Lines and columns count from 1, columns in bytes as editors and compilers do; line 0 means the
/// file as a whole. The source is shared because errors outlive the document in which they were found.
struct Place {
    std::shared_ptr<const Source> source;
    std::size_t line = 0;
    std::size_t column = 0;

    std::string_view file() const { return source ? std::string_view(source->name()) : std::string_view(); }

    /// "adit.yaml:3:5", or "adit.yaml" for the whole file.
    std::string text() const;

    /// Order of files, then lines, then columns.
    friend bool operator<(const Place& a, const Place& b);
    friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace adit::yaml
