// Keys as terms, in the order of the table; see manual_page.h.
#include "common/config/manual_page.h"

#include <chrono>

#include "common/base/roff.h"
#include "common/base/time.h"

namespace adit::yaml {
namespace {

/// A bound as one would write it in the file.
std::string bound(const Schema& schema, std::int64_t value) {
    return schema.kind == Schema::Kind::duration ? format_duration(std::chrono::milliseconds(value))
                                                 : std::to_string(value);
}

/// What a value may be: "a duration, from 1ms to 10m".
std::string kind_of(const Schema& schema) {
    if (schema.kind == Schema::Kind::choice) {
        std::string words;
        for (const std::string& choice : schema.choices) {
            words += (words.empty() ? "" : ", ") + choice;
        }
        return "one of " + words;
    }
    std::string words = schema.kind == Schema::Kind::list ? "a list" : schema.name;
    const bool counted = schema.kind == Schema::Kind::list || schema.kind == Schema::Kind::named;
    if (counted && schema.maximum) {
        return words + " of at most " + std::to_string(*schema.maximum);
    }
    if (schema.minimum) {
        words += ", from " + bound(schema, *schema.minimum);
    }
    return schema.maximum ? words + (schema.minimum ? " to " : ", at most ") + bound(schema, *schema.maximum) : words;
}

std::string sentence(const Schema& schema) {
    std::string text = roff::text(schema.doc);
    if (schema.kind != Schema::Kind::object) {
        text += " " + roff::text("(" + kind_of(schema)) +
                (schema.default_value.empty() ? "" : "; default " + roff::bold(schema.default_value)) +
                (schema.required ? "; required" : "") + ")";
    }
    return text;
}

void write(std::string& out, const std::string& path, const Schema& schema);

void write_fields(std::string& out, const std::string& path, const Schema& object) {
    for (const Schema& field : object.fields) {
        write(out, path.empty() ? field.key : path + "." + field.key, field);
    }
}

void write(std::string& out, const std::string& path, const Schema& schema) {
    out += ".TP\n" + roff::bold(path) + "\n" + sentence(schema) + "\n";
    if (schema.kind == Schema::Kind::object) {
        write_fields(out, path, schema);
    } else if (!schema.items.empty() && schema.items.front().kind == Schema::Kind::object) {
        write_fields(out, path + (schema.kind == Schema::Kind::list ? "[]" : ".NAME"), schema.items.front());
    }
}

}  // namespace

std::string manual_page(const Schema& root, std::string_view page, std::string_view program, std::string_view intro) {
    std::string out = roff::head(page, 5, program, "configuration of " + std::string(program));
    out += ".SH DESCRIPTION\n" + roff::text(intro) + "\n.PP\nIn the list below a dot leads into a map, " +
           roff::bold("[]") + " is each value of a list and " + roff::bold("NAME") +
           " a name that is free to choose. Durations are written as 500ms, 5s, 2m, 24h or 90d, sizes as bytes, 64KiB, "
           "10MiB or 1GiB. " +
           roff::bold("${NAME}") + ", " + roff::bold("${NAME:-default}") + " and " + roff::bold("${file:PATH}") +
           " are filled in from the environment and from files; " + roff::bold("$$") + " is a dollar sign. " +
           roff::bold("include") + " names a list of files that are merged into this one.\n.SH KEYS\n";
    write_fields(out, "", root);
    return out + ".SH SEE ALSO\n" + roff::bold(program) + "(1)\n";
}

}  // namespace adit::yaml
