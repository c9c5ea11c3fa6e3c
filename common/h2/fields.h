// The fields of a head as HTTP/2 has them: a list of names and values, pseudo-header fields first.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace adit::h2 {

/// A field by reference. Names are lower case (RFC 9113 §8.2).
struct Field {
    std::string_view name;
    std::string_view value;
};

/// Owns the bytes of all its fields together, so that a head costs two allocations and not two for each field.
class Fields {
  public:
    Fields() = default;
    Fields(std::initializer_list<Field> fields);

    void add(std::string_view name, std::string_view value);
    std::size_t size() const { return sizes_.size(); }
    bool empty() const { return sizes_.empty(); }
    void clear();
    /// Names and values together.
    std::size_t bytes() const { return bytes_.size(); }
    /// The value of the first field of that name; empty when there is none.
    std::string_view find(std::string_view name) const;

    /// Walks the fields in their order. What it shows lives until the list changes.
    class Iterator {
      public:
        Field operator*() const {
            const Sizes& sizes = fields_->sizes_[index_];
            const char* name = fields_->bytes_.data() + at_;
            return {{name, sizes.name}, {name + sizes.name, sizes.value}};
        }
        Iterator& operator++() {
            const Sizes& sizes = fields_->sizes_[index_++];
            at_ += sizes.name + sizes.value;
            return *this;
        }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

      private:
        friend class Fields;
        Iterator(const Fields& fields, std::size_t index) : fields_(&fields), index_(index) {}
        const Fields* fields_;
        std::size_t index_;
        std::size_t at_ = 0;
    };
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, sizes_.size()}; }

  private:
    struct Sizes {
        std::uint32_t name;
        std::uint32_t value;
    };
    std::string bytes_;
    std::vector<Sizes> sizes_;
};

}  // namespace adit::h2
