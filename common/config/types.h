// The scalar types of configuration values. Every type of the reader, these and those of collections.h and object.h,
// has
//   value_type                          what is read into
//   read(node, value, diagnostics)      false, with an error added, when the node does not hold such a value
//   schema()                            its description
//   show(value)                         the text one would write for a value; empty when there is no short one
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/diagnostics.h"
#include "common/config/host.h"
#include "common/config/node.h"
#include "common/config/schema.h"

namespace adit::yaml {

/// True when the node is a scalar; else reports "expected <what>, found ...", unless the node was reported before.
bool expect_scalar(const Node& node, const std::string& what, Diagnostics& diagnostics);

/// The same for a list or a map.
bool expect_kind(const Node& node, Node::Kind kind, const std::string& what, Diagnostics& diagnostics);

/// true or false.
class Boolean {
  public:
    using value_type = bool;
    bool read(const Node& node, bool& value, Diagnostics& diagnostics) const;
    Schema schema() const { return {.kind = Schema::Kind::boolean, .name = "true or false"}; }
    std::string show(bool value) const { return value ? "true" : "false"; }
};

/// A decimal number within a range, for any unsigned type.
class Number {
  public:
    Number(std::int64_t minimum, std::int64_t maximum) : minimum_(minimum), maximum_(maximum) {}
    bool read(const Node& node, std::int64_t& value, Diagnostics& diagnostics) const;
    Schema schema() const;

  private:
    std::int64_t minimum_;
    std::int64_t maximum_;
};

template <std::integral T>
class Integer {
  public:
    using value_type = T;
    Integer(T minimum, T maximum) : number_(static_cast<std::int64_t>(minimum), static_cast<std::int64_t>(maximum)) {}
    bool read(const Node& node, T& value, Diagnostics& diagnostics) const {
        std::int64_t number = 0;
        if (!number_.read(node, number, diagnostics)) return false;
        value = static_cast<T>(number);
        return true;
    }
    Schema schema() const { return number_.schema(); }
    std::string show(T value) const { return std::to_string(value); }

  private:
    Number number_;
};

/// A share: 0 to 1, with decimals.
class Fraction {
  public:
    using value_type = double;
    bool read(const Node& node, double& value, Diagnostics& diagnostics) const;
    Schema schema() const {
        return {.kind = Schema::Kind::number, .name = "a number from 0 to 1", .minimum = 0, .maximum = 1};
    }
    std::string show(double value) const;
};

/// 500ms, 5s, 2m, 24h, 90d; within a range.
class Duration {
  public:
    using value_type = std::chrono::milliseconds;
    Duration(std::chrono::milliseconds minimum, std::chrono::milliseconds maximum)
        : minimum_(minimum), maximum_(maximum) {}
    bool read(const Node& node, std::chrono::milliseconds& value, Diagnostics& diagnostics) const;
    Schema schema() const;
    std::string show(std::chrono::milliseconds value) const;

  private:
    std::chrono::milliseconds minimum_;
    std::chrono::milliseconds maximum_;
};

/// 64KiB, 10MiB, or plain bytes; within a range.
class Size {
  public:
    using value_type = std::uint64_t;
    Size(std::uint64_t minimum, std::uint64_t maximum) : minimum_(minimum), maximum_(maximum) {}
    bool read(const Node& node, std::uint64_t& value, Diagnostics& diagnostics) const;
    Schema schema() const;
    std::string show(std::uint64_t value) const;

  private:
    std::uint64_t minimum_;
    std::uint64_t maximum_;
};

/// Any text that is not empty.
class Text {
  public:
    using value_type = std::string;
    bool read(const Node& node, std::string& value, Diagnostics& diagnostics) const;
    Schema schema() const { return {.kind = Schema::Kind::text, .name = "text"}; }
    std::string show(const std::string& value) const { return value; }
};

bool read_host_and_port(const Node& node, ZeroPort zero_port, HostAndPort& value, Diagnostics& diagnostics);

/// host:port, read into any struct with these two members and text().
template <class HostPort>
class Address {
  public:
    using value_type = HostPort;
    explicit Address(ZeroPort zero_port) : zero_port_(zero_port) {}
    bool read(const Node& node, HostPort& value, Diagnostics& diagnostics) const {
        HostAndPort address;
        if (!read_host_and_port(node, zero_port_, address, diagnostics)) return false;
        value.host = std::move(address.host);
        value.port = address.port;
        return true;
    }
    Schema schema() const { return {.kind = Schema::Kind::address, .name = "host:port"}; }
    std::string show(const HostPort& value) const { return value.host.empty() ? std::string() : value.text(); }

  private:
    ZeroPort zero_port_;
};

/// The name of a file or folder; a relative one starts at the folder of the file that names it.
class Path {
  public:
    using value_type = std::filesystem::path;
    bool read(const Node& node, std::filesystem::path& value, Diagnostics& diagnostics) const;
    Schema schema() const { return {.kind = Schema::Kind::path, .name = "a path"}; }
    std::string show(const std::filesystem::path& value) const { return value.string(); }
};

/// Whether errors repeat a value. URLs stay out, and what has a secret when it is written wrongly.
enum class InErrors { shown, left_out };

/// Text with a form of its own, read by a function: patterns, URLs.
template <class V>
class Parsed {
  public:
    using value_type = V;
    using Parser = std::function<Result<V>(std::string_view)>;
    /// `name` is what errors expect: "an endpoint such as http://host:port".
    Parsed(std::string name, Parser parser, InErrors in_errors = InErrors::shown)
        : name_(std::move(name)), parser_(std::move(parser)), in_errors_(in_errors) {}
    bool read(const Node& node, V& value, Diagnostics& diagnostics) const {
        if (!expect_scalar(node, name_, diagnostics)) return false;
        auto parsed = parser_(node.text);
        if (!parsed) {
            const std::string what = in_errors_ == InErrors::shown ? "\"" + node.shown() + "\"" : "this";
            diagnostics.error(node.place, what + " is not " + name_ + ": " + parsed.error().message);
            return false;
        }
        value = *std::move(parsed);
        return true;
    }
    Schema schema() const { return {.kind = Schema::Kind::text, .name = name_}; }
    std::string show(const V&) const { return {}; }

  private:
    std::string name_;
    Parser parser_;
    InErrors in_errors_;
};

/// One of some words. Returns the index of the word.
bool read_choice(const Node& node, const std::vector<std::string>& words, std::size_t& index, Diagnostics& diagnostics);

/// One of some words, each with its value.
template <class E>
class Choice {
  public:
    using value_type = E;
    explicit Choice(std::vector<std::pair<std::string, E>> choices) {
        for (auto& [word, value] : choices) {
            words_.push_back(std::move(word));
            values_.push_back(value);
        }
    }
    bool read(const Node& node, E& value, Diagnostics& diagnostics) const {
        std::size_t index = 0;
        if (!read_choice(node, words_, index, diagnostics)) return false;
        value = values_[index];
        return true;
    }
    Schema schema() const { return {.kind = Schema::Kind::choice, .name = "a word", .choices = words_}; }
    std::string show(const E& value) const {
        for (std::size_t i = 0; i < values_.size(); ++i)
            if (values_[i] == value) return words_[i];
        return {};
    }

  private:
    std::vector<std::string> words_;
    std::vector<E> values_;
};

/// The choice of an enumeration whose words are listed in its order.
template <class E, std::size_t N>
Choice<E> choice_of(const std::array<std::string_view, N>& words) {
    std::vector<std::pair<std::string, E>> choices;
    choices.reserve(N);
    for (std::size_t i = 0; i < N; ++i) choices.emplace_back(words[i], static_cast<E>(i));
    return Choice<E>(std::move(choices));
}

}  // namespace adit::yaml
