// Scripts that Redis runs, each whole or not at all, and calls of them as commands. No I/O.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace adit::state {

/// Lua 5.1 as Redis 7 runs it; what it writes is replicated as effects, so it may ask for the time.
struct Script {
    explicit Script(std::string_view text);
    std::string_view source;
    std::string sha1;  ///< of the source, in hexadecimal: EVALSHA's name of it
};

/// One call of a script: keys first, then arguments.
class ScriptCall {
  public:
    ScriptCall(const Script& script, std::size_t keys) : script_(&script), keys_(keys) {}

    ScriptCall& add(std::string_view word);
    ScriptCall& add(std::int64_t number);
    const Script& script() const { return *script_; }
    /// By its name, or whole, for a Redis that does not know it (NOSCRIPT).
    enum class Form { by_name, whole };
    void append_to(std::string& out, Form form) const;

  private:
    const Script* script_;
    std::size_t keys_;
    std::size_t words_ = 0;
    std::string tail_;
};

/// A command that is no script: of the greeting, of sentinels, of probes.
std::string plain_command(std::initializer_list<std::string_view> words);

}  // namespace adit::state
