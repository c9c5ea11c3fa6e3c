// An exchange without a version of HTTP, and a tap that remembers: for tests of what moves bodies.
#pragma once

#include <string>

#include "connector/http/exchange.h"

namespace adit::http {

/// Its client gets no heads; interim answers are counted.
class PlainExchange final : public Exchange {
  public:
    using Exchange::Exchange;
    int interim_answers = 0;

  private:
    void begin(const ResponseHead&, const Backward&) override {}
    void inform(const ResponseHead&) override { ++interim_answers; }
    Framing framing_for(const Framing& origin) const override { return origin; }
};

/// What has passed it, with '|' at the end.
struct Seen final : BodyTap {
    void passing(const net::Chain& bytes, std::size_t n) override {
        std::string part(n, '\0');
        bytes.copy_out(part);
        text += part;
    }
    void passed() override { text += '|'; }
    std::string text;
};

}  // namespace adit::http
