// A list of fields in one piece of memory; see fields.h.
#include "common/h2/fields.h"

namespace adit::h2 {
namespace {

// Room for most heads without growing.
constexpr std::size_t kUsualBytes = 640;
constexpr std::size_t kUsualFields = 20;

}  // namespace

Fields::Fields(std::initializer_list<Field> fields) {
    for (const Field& field : fields) {
        add(field.name, field.value);
    }
}

void Fields::add(std::string_view name, std::string_view value) {
    if (sizes_.empty()) {
        bytes_.reserve(kUsualBytes);
        sizes_.reserve(kUsualFields);
    }
    bytes_.append(name).append(value);
    sizes_.push_back({static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
}

void Fields::clear() {
    bytes_.clear();
    sizes_.clear();
}

std::string_view Fields::find(std::string_view name) const {
    for (const Field field : *this) {
        if (field.name == name) {
            return field.value;
        }
    }
    return {};
}

}  // namespace adit::h2
