// One case per kind of value; see json_schema.h.
#include "common/config/json_schema.h"

#include <boost/json/array.hpp>

namespace adit::yaml {
namespace {

namespace json = boost::json;

constexpr const char* kReference = R"(\$\{[^}]+\})";

json::object of(const Schema& schema);

/// What a value may be written as, besides a reference that is filled in while loading.
json::object or_reference(json::object value) {
    return {{"anyOf", json::array{std::move(value), json::object{{"type", "string"}, {"pattern", kReference}}}}};
}

json::object with_bounds(json::object value, const Schema& schema, const char* least, const char* most) {
    if (schema.minimum) value[least] = *schema.minimum;
    if (schema.maximum) value[most] = *schema.maximum;
    return value;
}

json::object of_object(const Schema& schema) {
    json::object properties;
    json::array required;
    for (const Schema& field : schema.fields) {
        properties[field.key] = of(field);
        if (field.required) required.emplace_back(field.key);
    }
    json::object object{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) object["required"] = std::move(required);
    if (schema.or_text)
        return {{"anyOf", json::array{std::move(object), json::object{{"type", "string"}, {"minLength", 1}}}}};
    return object;
}

json::object of_kind(const Schema& schema) {
    switch (schema.kind) {
        case Schema::Kind::boolean:
            return or_reference({{"type", "boolean"}});
        case Schema::Kind::integer:
            return or_reference(with_bounds({{"type", "integer"}}, schema, "minimum", "maximum"));
        case Schema::Kind::number:
            return or_reference(with_bounds({{"type", "number"}}, schema, "minimum", "maximum"));
        case Schema::Kind::duration:
            return or_reference({{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h|d)$"}});
        case Schema::Kind::size:
            return {{"anyOf",
                     json::array{with_bounds({{"type", "integer"}}, schema, "minimum", "maximum"),
                                 json::object{{"type", "string"},
                                              {"pattern", std::string("^[0-9]+(B|KiB|MiB|GiB)?$|") + kReference}}}}};
        case Schema::Kind::choice: {
            json::array words(schema.choices.begin(), schema.choices.end());
            return or_reference({{"enum", std::move(words)}});
        }
        case Schema::Kind::list:
            return with_bounds({{"type", "array"}, {"items", of(schema.items.front())}}, schema, "minItems",
                               "maxItems");
        case Schema::Kind::named:
            return with_bounds({{"type", "object"},
                                {"propertyNames", json::object{{"pattern", "^[A-Za-z0-9_.-]{1,64}$"}}},
                                {"additionalProperties", of(schema.items.front())}},
                               schema, "minProperties", "maxProperties");
        case Schema::Kind::object:
            return of_object(schema);
        case Schema::Kind::text:
        case Schema::Kind::address:
        case Schema::Kind::path:
            break;
    }
    return {{"type", "string"}, {"minLength", 1}};
}

json::object of(const Schema& schema) {
    json::object value = of_kind(schema);
    if (!schema.doc.empty()) value["description"] = schema.doc;
    if (!schema.default_value.empty()) value["default"] = schema.default_value;
    return value;
}

}  // namespace

json::object json_schema(const Schema& root, const std::string& title) {
    json::object schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", title}};
    for (auto& [key, value] : of(root)) schema[key] = value;
    schema["properties"].as_object()["include"] =
        json::object{{"type", "array"},
                     {"items", json::object{{"type", "string"}}},
                     {"description", "Files that are merged into this one: maps by key, lists one after the other."}};
    return schema;
}

}  // namespace adit::yaml
