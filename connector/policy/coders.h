// The encoders of content codings, by zlib and brotli.
#pragma once

#include <memory>

#include "connector/config/policies.h"
#include "connector/http/coder.h"

namespace adit::policy {

/// An encoder for one body. Its memory is bounded (gzip 0.3 MiB, br about 1.5 MiB), its effort set for bodies that are
/// made while somebody waits. Null when there is no memory for it.
std::unique_ptr<http::Coder> make_coder(config::ContentCoding coding);

}  // namespace adit::policy
