// Writing forms; see form.h.
#include "connector/credential/form.h"

#include <utility>

#include "common/base/secret.h"
#include "connector/credential/uri_encoding.h"

namespace adit::credential {

Form::~Form() {
    wipe_memory(text_.data(), text_.size());
}

Form& Form::add(std::string_view name, std::string_view value) {
    if (value.empty()) {
        return *this;
    }
    std::string encoded = uri_encode(value);
    text_.append(text_.empty() ? "" : "&").append(uri_encode(name)).append("=").append(encoded);
    wipe_memory(encoded.data(), encoded.size());
    return *this;
}

fetch::Request Form::post() && {
    fetch::Request request;
    request.method = "POST";
    request.fields = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}};
    request.body = std::exchange(text_, std::string());
    return request;
}

}  // namespace adit::credential
