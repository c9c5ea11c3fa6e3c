// The table of a struct: one description per field, which reads it, explains it and can become a JSON Schema.
//
//   const auto timeouts = Object<Timeouts>("timeouts", "How long each phase of a request may take.")
//       .field("connect", &Timeouts::connect, Duration(1ms, 10min), "Opening a connection, TLS included.")
//       .field(...);
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/types.h"

namespace adit::yaml {

/// The keys of an object and what became of them while reading; the part of Object that does not depend on its struct.
class Keys {
  public:
    /// `name` stands in errors: "unknown key ... in <name>".
    explicit Keys(std::string name) : name_(std::move(name)) {}

    void add(std::string key, bool required);
    void add_later(std::vector<std::string> keys);

    /// Checks the keys of `node`: each unknown, not yet available or missing one is an error.
    bool check(const Node& node, Diagnostics& diagnostics) const;

    const std::string& name() const { return name_; }

  private:
    bool report_unknown(const Member& member, Diagnostics& diagnostics) const;

    struct Key {
        std::string text;
        bool required;
    };
    std::string name_;
    std::vector<Key> keys_;
    std::vector<std::string> later_;  ///< known to other versions, refused by this one
};

/// A map with the fields of T. Defaults are those that T's own initialisers give.
template <class T>
class Object {
  public:
    using value_type = T;

    /// `name` with its article ("a backend"), and a sentence that says what it is for.
    Object(std::string name, std::string doc)
        : keys_(name), schema_{.kind = Schema::Kind::object, .name = std::move(name), .doc = std::move(doc)} {}

    /// A key that may be left out. `M` is the type's value_type, or an optional of it.
    template <class M, class Type>
    Object&& field(std::string key, M T::* member, Type type, std::string doc) && {
        add(std::move(key), member, std::move(type), std::move(doc), false);
        return std::move(*this);
    }

    /// A key that must be there.
    template <class M, class Type>
    Object&& required(std::string key, M T::* member, Type type, std::string doc) && {
        add(std::move(key), member, std::move(type), std::move(doc), true);
        return std::move(*this);
    }

    /// The keys of `inner` stand among this object's own, and are read into `member`.
    template <class Inner>
    Object&& with(Inner T::* member, Object<Inner> inner) && {
        for (auto& schema : inner.schema_.fields) {
            keys_.add(schema.key, schema.required);
            schema_.fields.push_back(std::move(schema));
        }
        for (auto& field : inner.fields_)
            fields_.push_back(
                Field{field.key, [member, read = field.read](const Node& node, T& into, Diagnostics& diagnostics) {
                          return read(node, into.*member, diagnostics);
                      }});
        for (auto& rule : inner.rules_)
            rules_.push_back([member, rule](const Node& node, const T& of, Diagnostics& diagnostics) {
                rule(node, of.*member, diagnostics);
            });
        return std::move(*this);
    }

    /// What counts where nobody writes the key, when its member cannot say so: shown as its default.
    Object&& left_out(std::string_view key, std::string text) && {
        const auto field =
            std::ranges::find(schema_.fields, key, [](const auto& one) { return std::string_view(one.key); });
        if (field != schema_.fields.end()) field->default_value = std::move(text);
        return std::move(*this);
    }

    /// Keys that the product knows but this version does not have.
    Object&& later(std::vector<std::string> keys) && {
        keys_.add_later(std::move(keys));
        return std::move(*this);
    }

    /// A rule about the whole object, called when all its fields could be read.
    using Rule = std::function<void(const Node&, const T&, Diagnostics&)>;
    Object&& rule(Rule rule) && {
        rules_.push_back(std::move(rule));
        return std::move(*this);
    }

    bool read(const Node& node, T& value, Diagnostics& diagnostics) const {
        if (!expect_kind(node, Node::Kind::map, keys_.name(), diagnostics)) return false;
        bool all = keys_.check(node, diagnostics);
        for (const auto& member : node.members)
            for (const auto& field : fields_)
                if (field.key == member.key) all &= field.read(member.value, value, diagnostics);
        if (all)
            for (const auto& rule : rules_) rule(node, value, diagnostics);
        return all;
    }

    const Schema& schema() const { return schema_; }
    std::string show(const T&) const { return {}; }

  private:
    template <class>
    friend class Object;

    struct Field {
        std::string key;
        std::function<bool(const Node&, T&, Diagnostics&)> read;
    };

    /// A default outside the bounds means "chosen while running" and cannot be written.
    template <class Value>
    static bool allowed(const Schema& schema, const Value& value) {
        if constexpr (std::integral<Value> && !std::same_as<Value, bool>)
            return !schema.minimum || static_cast<std::int64_t>(value) >= *schema.minimum;
        return true;
    }

    template <class M, class Type>
    void add(std::string key, M T::* member, Type type, std::string doc, bool required) {
        using Value = typename Type::value_type;
        static_assert(std::same_as<M, Value> || std::same_as<M, std::optional<Value>>,
                      "the member must have the type that is read, or be an optional of it");
        auto schema = type.schema();
        schema.key = key;
        schema.doc = std::move(doc);
        schema.required = required;
        schema.optional = !std::same_as<M, Value>;
        if constexpr (std::same_as<M, Value>)
            if (!required && allowed(schema, T{}.*member)) schema.default_value = type.show(T{}.*member);
        schema_.fields.push_back(std::move(schema));
        keys_.add(key, required);
        fields_.push_back(Field{std::move(key),
                                [member, type = std::move(type)](const Node& node, T& into, Diagnostics& diagnostics) {
                                    if constexpr (std::same_as<M, Value>) {
                                        return type.read(node, into.*member, diagnostics);
                                    } else {
                                        return type.read(node, (into.*member).emplace(), diagnostics);
                                    }
                                }});
    }

    Keys keys_;
    Schema schema_;
    std::vector<Field> fields_;
    std::vector<Rule> rules_;
};

}  // namespace adit::yaml
