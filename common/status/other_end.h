// Who is at the other end of a connection to a status server, as far as the kernel knows.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/base/client_key.h"
#include "common/status/caller.h"

namespace adit::status {

/// The address, or of a Unix socket the process; its user's name is looked up by user_name(), which may take a while.
Peer peer_of(int fd);
/// Whose places are counted together. Users of a Unix socket are told apart as addresses are.
ClientKey holder_of(const Peer& peer);
/// Empty: it has none.
std::string user_name(uid_t user);

}  // namespace adit::status
