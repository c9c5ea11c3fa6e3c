// What a KeySet holds, for those who parse and those who verify.
#pragma once

#include <vector>

#include "common/jose/jwk.h"

namespace adit::jose {

struct KeySet::State {
    std::vector<PublicKey> keys;
};

}  // namespace adit::jose
