// Changing the bytes of a body on their way out, as a content coding does (RFC 9110 §8.4).
#pragma once

#include <string_view>

#include "common/net/block.h"

namespace adit::http {

/// Owned by the body's writer. Holds a bounded amount of memory, whatever passes through.
class Coder {
  public:
    virtual ~Coder() = default;
    /// Takes all of `bytes`. What comes of them goes to the back of `out` now or later.
    virtual void encode(std::string_view bytes, net::Chain& out) = 0;
    /// Lets out what is held back, so that the receiver can decode all that was taken.
    virtual void flush(net::Chain& out) = 0;
    /// The body's end; nothing is called after it.
    virtual void finish(net::Chain& out) = 0;
};

}  // namespace adit::http
