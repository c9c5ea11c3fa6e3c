// Copying a body as it passes; see kept_body.h.
#include "connector/route/kept_body.h"

#include <span>

namespace adit::route {

KeptBody::KeptBody(http::BodyReader& body, std::size_t most, backend::HeldBudget& budget)
    : body_(body), most_(most), budget_(budget) {
    body_.add(*this);
    keeping_ = body_.framing().length <= most_;
}

KeptBody::~KeptBody() {
    body_.remove(*this);
    release();
}

void KeptBody::release() {
    keeping_ = false;
    budget_.give_back(bytes_.size());
    bytes_ = std::string();
}

void KeptBody::passing(const net::Chain& bytes, std::size_t n) {
    if (!keeping_) {
        return;
    }
    if (bytes_.size() + n > most_ || !budget_.take(n)) {
        return release();
    }
    const std::size_t before = bytes_.size();
    bytes_.resize(before + n);
    bytes.copy_out({bytes_.data() + before, n});
}

}  // namespace adit::route
