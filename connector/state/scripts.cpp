// The scripts; see scripts.h.
#include "connector/state/scripts.h"

#include <array>

#include "connector/state/circuits_lua.h"
#include "connector/state/limits_lua.h"

namespace adit::state {

const Script& take_script() {
    static const Script script(lua::kTake);
    return script;
}

const Script& refund_script() {
    static const Script script(lua::kRefund);
    return script;
}

const Script& circuits_script() {
    static const Script script(lua::kCircuits);
    return script;
}

const Script& advice_script() {
    static const Script script(lua::kAdvice);
    return script;
}

std::span<const Script* const> scripts() {
    static const std::array all{&take_script(), &refund_script(), &circuits_script(), &advice_script()};
    return all;
}

}  // namespace adit::state
