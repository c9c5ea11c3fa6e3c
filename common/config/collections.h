// Types of many values: lists, and maps whose keys are names.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/secret.h"
#include "common/config/types.h"

namespace adit::yaml {

/// A list of at most `maximum` values. An element that is wrong stays in it as default, so that indices of the result
/// and of the document agree.
template <class Of>
class List {
  public:
    using value_type = std::vector<typename Of::value_type>;
    List(Of of, std::size_t maximum) : of_(std::move(of)), maximum_(maximum) {}

    bool read(const Node& node, value_type& value, Diagnostics& diagnostics) const {
        if (!expect_kind(node, Node::Kind::list, "a list", diagnostics)) return false;
        if (node.items.size() > maximum_) {
            diagnostics.error(node.place, "more than " + std::to_string(maximum_) + " values in this list");
            return false;
        }
        value.clear();
        value.reserve(node.items.size());
        bool all = true;
        for (const auto& item : node.items) {
            typename Of::value_type element{};
            all &= of_.read(item, element, diagnostics);
            value.push_back(std::move(element));
        }
        return all;
    }
    Schema schema() const {
        return {.kind = Schema::Kind::list,
                .name = "a list",
                .maximum = static_cast<std::int64_t>(maximum_),
                .items = {of_.schema()}};
    }
    std::string show(const value_type&) const { return {}; }

  private:
    Of of_;
    std::size_t maximum_;
};

/// Names stand in logs, metrics and URLs: 1 to 64 letters, digits, '-', '_' and '.'.
bool is_name(std::string_view text);

/// A name that is free to choose.
class Name {
  public:
    using value_type = std::string;
    bool read(const Node& node, std::string& value, Diagnostics& diagnostics) const;
    Schema schema() const { return {.kind = Schema::Kind::text, .name = "a name"}; }
    std::string show(const std::string& value) const { return value; }
};

/// Reports a key that is no name.
bool expect_name(const Member& member, Diagnostics& diagnostics);

/// A map from names to objects, read into a vector in the order of the file; the object gets its name in a field.
template <class Of>
class Named {
  public:
    using Object = typename Of::value_type;
    using value_type = std::vector<Object>;
    Named(Of of, std::string Object::* name, std::size_t maximum)
        : of_(std::move(of)), name_(name), maximum_(maximum) {}

    bool read(const Node& node, value_type& value, Diagnostics& diagnostics) const {
        if (!expect_kind(node, Node::Kind::map, "a map of names", diagnostics)) return false;
        if (node.members.size() > maximum_) {
            diagnostics.error(node.place, "more than " + std::to_string(maximum_) + " names in this map");
            return false;
        }
        value.clear();
        bool all = true;
        for (const auto& member : node.members) {
            Object object{};
            all &= expect_name(member, diagnostics);
            all &= of_.read(member.value, object, diagnostics);
            object.*name_ = member.key;
            value.push_back(std::move(object));
        }
        return all;
    }
    Schema schema() const {
        return {.kind = Schema::Kind::named,
                .name = "a map of names",
                .maximum = static_cast<std::int64_t>(maximum_),
                .items = {of_.schema()}};
    }
    std::string show(const value_type&) const { return {}; }

  private:
    Of of_;
    std::string Object::* name_;
    std::size_t maximum_;
};

/// Whether values may be printed. By name: not those of names that speak of credentials, such as authorization.
enum class Secrecy { open, by_name, secret };

/// Text that is never shown, and kept as a secret.
class SecretText {
  public:
    using value_type = SharedSecret;
    bool read(const Node& node, SharedSecret& value, Diagnostics& diagnostics) const {
        std::string text;
        if (!Text().read(node, text, diagnostics)) return false;
        value = SharedSecret(std::move(text));
        return true;
    }
    Schema schema() const {
        Schema text = Text().schema();
        text.secret = true;
        return text;
    }
    std::string show(const SharedSecret&) const { return {}; }
};

/// A map from words to text, such as labels.
class TextMap {
  public:
    using value_type = std::map<std::string, std::string>;
    explicit TextMap(std::size_t maximum, Secrecy secrecy = Secrecy::open) : maximum_(maximum), secrecy_(secrecy) {}
    bool read(const Node& node, value_type& value, Diagnostics& diagnostics) const;
    Schema schema() const;
    std::string show(const value_type&) const { return {}; }

  private:
    std::size_t maximum_;
    Secrecy secrecy_;
};

}  // namespace adit::yaml
