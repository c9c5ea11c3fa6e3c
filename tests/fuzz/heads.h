// What has to hold of every head that we have accepted: whoever reads what we write of it reads the same.
#pragma once

#include <string>

#include "connector/http/message.h"

namespace adit::fuzz {

/// The head that an origin would get is one request of HTTP/1.1, which we would take ourselves and which means what the
/// client's meant: RFC 9112 §11.2 is about those for which that does not hold. Returns it.
std::string demand_one_request(const http::RequestHead& head, http::Role role = http::Role::gateway);

/// The same of an answer, on its way to a client.
void demand_one_response(const http::ResponseHead& head, std::string_view method);

}  // namespace adit::fuzz
