// Bytes over a local socket with a descriptor beside them (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>

#include "common/net/descriptor.h"

namespace adit::net {

/// What one recvmsg(2) gave.
struct Received {
    ssize_t size = 0;  ///< 0: the end; -1: see errno
    bool cut = false;  ///< there was more than room for it
    Descriptor descriptor;
};

/// Takes what is there, without waiting, and the first descriptor that came with it, close-on-exec; others are closed.
/// None comes when our table of descriptors is full.
Received receive_with_descriptor(int socket, std::span<char> room);

/// Sends what fits now. The descriptor, if there is one, is the receiver's as well from then on; ours stays open.
/// False when the socket took nothing.
bool send_with_descriptor(int socket, std::string_view bytes, const Descriptor& descriptor);

}  // namespace adit::net
