// A handler that does what origins do with requests, and writes down what it got.
#pragma once

#include <string>

#include "connector/http/exchange.h"

namespace adit::fuzz {

/// Answers with the body that came. Of some requests (by their path) it answers before it has read anything, or reads
/// nothing at all: then what stands behind them must not become a request.
class Recorder final : public http::Handler {
  public:
    net::Task<> handle(http::Exchange& exchange) override;

    /// One line a request: its head, then its body and how that ended.
    std::string seen;
    int under_way = 0;
    int refused = 0;

  private:
    net::Task<> answer(http::Exchange& exchange);
};

/// A head in one line, with what the parser made of it.
std::string text_of(const http::RequestHead& head);
std::string text_of(const http::Trailers& trailers);

}  // namespace adit::fuzz
