// The fields of a configuration; see fixed_header.h.
#include "connector/credential/fixed_header.h"

#include "common/base/strings.h"

namespace adit::credential {

FixedHeader::FixedHeader(const std::vector<config::SecretHeader>& headers) {
    for (const config::SecretHeader& header : headers) {
        names_.push_back(to_lower(header.name));
        headers_.emplace_back(names_.back(), header.value.copy());
    }
}

net::Task<std::expected<void, problem::Failure>> FixedHeader::attach(const backend::Occasion&,
                                                                     backend::Attached& attached) {
    for (const auto& [name, value] : headers_) {
        attached.fields.emplace_back(name, value.reveal());
    }
    co_return std::expected<void, problem::Failure>();
}

}  // namespace adit::credential
