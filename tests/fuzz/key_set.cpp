// A set of keys (JWKS) as an issuer publishes it.
#include <string>

#include "common/jose/jose.h"
#include "common/jose/json_strict.h"
#include "tests/fuzz/target.h"

void adit::fuzz::run(std::string_view input) {
    const auto keys = jose::KeySet::parse(input);
    if (!keys) {
        demand(!keys.error().message.empty(), "a bad set is told why");
        return;
    }
    demand(keys->size() <= jose::KeySet::kKeysMost, "keys are bounded");
    demand(jose::parse_strict(input).has_value(), "a set has one meaning");
    demand(!keys->has(std::string(4096, 'k')), "a set has the keys that it names");
}
