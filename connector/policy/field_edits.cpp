// Removing, setting and adding; see field_edits.h.
#include "connector/policy/field_edits.h"

#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/fields.h"

namespace adit::policy {
namespace {

/// As what a field of ours counts further on: nothing that a peer's Connection could nominate away, and nothing that
/// is left out because a stranger may have written it.
http::Known standing(std::string_view name) {
    const http::Known known = http::known(name);
    const bool plain = known == http::Known::other || known == http::Known::x_forwarded ||
                       known == http::Known::client_cert || known == http::Known::identity;
    return plain ? http::Known::own : known;
}

}  // namespace

FieldEdits::FieldEdits(const config::FieldEdits& edits, std::string_view pattern) : gone_(edits.remove) {
    for (const auto* fields : {&edits.set, &edits.add}) {
        for (const auto& [name, text] : *fields) {
            edits_.push_back({to_lower(name), standing(name), FieldTemplate(pattern, text)});
            if (fields == &edits.set) {
                gone_.push_back(name);
            }
        }
    }
}

bool FieldEdits::goes(std::string_view name) const {
    return std::ranges::any_of(gone_, [&](const std::string& one) { return http::same_name(one, name); });
}

FieldEdits::Made FieldEdits::make(const RequestValues& values) const {
    Made made;
    made.fields.reserve(edits_.size());
    made.texts.reserve(edits_.size());  // fields point into them, so they must not move
    for (const Edit& edit : edits_) {
        const auto constant = edit.value.constant();
        const std::string_view value = constant ? *constant : made.texts.emplace_back(edit.value.expand(values));
        if (!value.empty()) {
            made.fields.push_back({edit.name, value, edit.known});
        }
    }
    return made;
}

void FieldEdits::apply(std::vector<http::Field>& fields, const Made& made) const {
    std::erase_if(fields, [this](const http::Field& field) { return goes(field.name); });
    fields.insert(fields.end(), made.fields.begin(), made.fields.end());
}

}  // namespace adit::policy
