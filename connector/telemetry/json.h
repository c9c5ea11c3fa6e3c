// JSON that is written straight into a string: batches are large, and a tree of values would be larger.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/strings.h"

namespace adit::telemetry {

/// Writes commas where they belong. Names are literals and values are escaped; nesting is the caller's.
class Json {
  public:
    Json& begin(char bracket) {
        comma();
        out_ += bracket;
        first_ = true;
        return *this;
    }
    Json& end(char bracket) {
        out_ += bracket;
        first_ = false;
        return *this;
    }
    /// A value, begin() or another method follows.
    Json& key(std::string_view name) {
        comma();
        append_json_string(out_, name);
        out_ += ':';
        first_ = true;
        return *this;
    }
    Json& text(std::string_view value) {
        comma();
        append_json_string(out_, value);
        return *this;
    }
    Json& number(std::int64_t value) {
        comma();
        out_ += std::to_string(value);
        return *this;
    }
    std::string take() { return std::move(out_); }

  private:
    void comma() {
        if (!first_) {
            out_ += ',';
        }
        first_ = false;
    }

    std::string out_;
    bool first_ = true;
};

}  // namespace adit::telemetry
