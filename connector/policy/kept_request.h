// What of a request's head forwarding changes, kept so that it can be forwarded once more.
#pragma once

#include <string_view>
#include <vector>

#include "connector/http/message.h"

namespace adit::policy {

/// The bytes behind the views are the request's.
class KeptRequest {
  public:
    explicit KeptRequest(const http::RequestHead& request)
        : fields_(request.fields), query_(request.query), has_credential_(request.has_credential) {}

    void restore(http::RequestHead& request) const {
        request.fields = fields_;
        request.query = query_;
        request.has_credential = has_credential_;
    }

  private:
    std::vector<http::Field> fields_;
    std::string_view query_;
    bool has_credential_;
};

}  // namespace adit::policy
