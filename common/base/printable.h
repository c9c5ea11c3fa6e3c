// Text of strangers for terminals: what a terminal would obey, or hide, is shown as an escape instead.
#pragma once

#include <cstdint>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace adit {

/// Whether a terminal does something else with this character than to show it: controls (C0, DEL, C1), marks that turn
/// the direction of text, and separators of lines and paragraphs.
bool is_unprintable(std::uint32_t character);
/// The code point of a character as utf8_length() finds it.
std::uint32_t code_point(std::string_view utf8);
/// "\u001b", as JSON has it too.
void append_escape(std::string& out, std::uint32_t character);

/// One line: unprintable characters as escapes (line ends as "\n"), bytes that are no UTF-8 as U+FFFD.
std::string printable(std::string_view text);

/// While it lives, what a program writes to this stream leaves as printable() has it, but for ends of lines and tabs:
/// a value that nobody has looked at commands no terminal. JSON says the same with these escapes. A character
/// must not be written in pieces.
class PrintableOutput final : private std::streambuf {
  public:
    explicit PrintableOutput(std::ostream& stream) : stream_(stream), below_(stream.rdbuf(this)) {}
    PrintableOutput(const PrintableOutput&) = delete;
    PrintableOutput& operator=(const PrintableOutput&) = delete;
    ~PrintableOutput() override { stream_.rdbuf(below_); }

  private:
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int_type overflow(int_type character) override;
    int sync() override { return below_->pubsync(); }

    std::ostream& stream_;
    std::streambuf* below_;
};

}  // namespace adit
