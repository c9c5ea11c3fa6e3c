// Durations that are kept in whole seconds, as claims of tokens and parameters of providers count.
#pragma once

#include <chrono>
#include <string>

#include "common/config/types.h"

namespace adit::yaml {

/// 5s, 2m, 24h, 90d; within a range, without fractions of a second.
class Seconds {
  public:
    using value_type = std::chrono::seconds;
    Seconds(std::chrono::seconds minimum, std::chrono::seconds maximum) : duration_(minimum, maximum) {}
    bool read(const Node& node, std::chrono::seconds& value, Diagnostics& diagnostics) const {
        std::chrono::milliseconds exact{};
        if (!duration_.read(node, exact, diagnostics)) return false;
        value = std::chrono::floor<std::chrono::seconds>(exact);
        if (value == exact) return true;
        diagnostics.error(node.place, "\"" + node.shown() + "\" is no whole number of seconds");
        return false;
    }
    Schema schema() const { return duration_.schema(); }
    std::string show(std::chrono::seconds value) const { return duration_.show(value); }

  private:
    Duration duration_;
};

}  // namespace adit::yaml
