// Bodies of token requests: application/x-www-form-urlencoded.
#pragma once

#include <string>
#include <string_view>

#include "connector/fetch/client.h"

namespace adit::credential {

/// Names and values in the order in which they were added. Secrets end up in the request's body, which is wiped.
class Form {
  public:
    Form() { text_.reserve(kUsual); }
    Form(const Form&) = delete;
    Form& operator=(const Form&) = delete;
    ~Form();
    /// What is empty is left out: Google's STS refuses blanks.
    Form& add(std::string_view name, std::string_view value);
    /// A POST of it that asks for JSON.
    fetch::Request post() &&;

  private:
    static constexpr std::size_t kUsual = 8 * 1024;  ///< so that it leaves no copies behind as it grows
    std::string text_;
};

}  // namespace adit::credential
