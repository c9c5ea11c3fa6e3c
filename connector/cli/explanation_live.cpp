// Picking rows out of a status; see explanation_live.h. Rows are passed on as they are: a connector of another version
// may tell more of itself.
#include "connector/cli/explanation_live.h"

#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "common/status/probe.h"
#include "connector/cli/admin_address.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

const json::array& list(const json::object& of, std::string_view name) {
    static const json::array none;
    const json::value* value = of.if_contains(name);
    return value != nullptr && value->is_array() ? value->as_array() : none;
}

std::string text(const json::value& value) {
    if (value.is_double()) {
        std::ostringstream plain;  // JSON writes 0E0
        plain << value.as_double();
        return plain.str();
    }
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::string text(const json::object& of, std::string_view name) {
    const json::value* value = of.if_contains(name);
    return value == nullptr || value->is_null() ? std::string() : text(*value);
}

/// Rows whose name is one of these, or begins with one of them and a colon: those of single endpoints.
json::array rows_named(const json::array& rows, const std::vector<std::string>& names) {
    json::array found;
    for (const json::value& row : rows) {
        if (!row.is_object()) {
            continue;
        }
        std::string name = text(row.as_object(), "name");
        std::ranges::replace(name, ' ', ':');
        const bool meant = std::ranges::any_of(names, [&](const std::string& wanted) {
            return name == wanted || (wanted.starts_with("endpoint:") && name.starts_with(wanted + ":"));
        });
        if (meant) {
            found.push_back(row);
        }
    }
    return found;
}

/// "state open, since ...": the members of a row but for those left out.
std::string in_words(const json::object& row, std::initializer_list<std::string_view> without) {
    std::string line;
    for (const auto& [name, value] : row) {
        const bool nested = value.is_object() || value.is_array();
        if (nested || value.is_null() || std::ranges::find(without, std::string_view(name)) != without.end()) {
            continue;
        }
        std::string words(name);
        std::ranges::replace(words, '_', ' ');
        line.append(line.empty() ? "" : ", ").append(words).append(" ").append(text(value));
    }
    return line;
}

}  // namespace

Live Live::ask(const config::Configuration& configuration) {
    if (!configuration.admin) {
        return {{}, "the file has no admin address to ask at"};
    }
    const auto body = status::get(admin_of(*configuration.admin), "/status");
    if (!body) {
        return {{}, body.error().message};
    }
    boost::system::error_code unreadable;
    json::value told = json::parse(*body, unreadable);
    if (unreadable || !told.is_object() || !told.as_object().contains("instance")) {
        return {{}, "what answers at " + configuration.admin->address.text() + " is no connector"};
    }
    return {std::move(told.as_object()), {}};
}

json::object Live::about(const std::string& route, const config::Backend& backend, const json::object& terms) const {
    json::object found;
    if (!running()) {
        return found;
    }
    for (const json::value& one : list(status, "backends")) {
        if (one.is_object() && text(one.as_object(), "name") == backend.name) {
            found["backend"] = one;
        }
    }
    std::vector<std::string> names{"backend:" + backend.name, "endpoint:" + backend.name, "route:" + route};
    for (const json::value& circuit : terms.at("circuits").as_array()) {
        std::string name = text(circuit.as_object(), "name");
        std::ranges::replace(name, ' ', ':');
        names.push_back(std::move(name));
    }
    for (const char* section : {"circuits", "bulkheads"}) {
        if (json::array rows = rows_named(list(status, section), names); !rows.empty()) {
            found[section] = std::move(rows);
        }
    }
    return found;
}

json::object Live::standing() const {
    if (!running()) {
        return {{"running", false}, {"reason", why}};
    }
    json::object told{{"running", true}};
    for (const char* name : {"instance", "ready", "reason", "resources", "degrade", "rate_limits"}) {
        if (const json::value* value = status.if_contains(name)) {
            told[name] = *value;
        }
    }
    return told;
}

std::vector<std::pair<std::string, std::string>> lines_of_live(const json::object& about) {
    std::vector<std::pair<std::string, std::string>> lines;
    if (const json::value* backend = about.if_contains("backend")) {
        lines.emplace_back("now", in_words(backend->as_object(), {"name", "essential"}));
        for (const char* section : {"vitals", "health", "endpoints"}) {
            for (const json::value& one : list(backend->as_object(), section)) {
                if (one.is_object()) {
                    const json::object& row = one.as_object();
                    lines.emplace_back("endpoint", text(row, "endpoint") + ": " + in_words(row, {"endpoint"}));
                }
            }
        }
        for (const json::value& one : list(backend->as_object(), "credentials")) {
            lines.emplace_back("credential", in_words(one.as_object(), {}));
        }
    }
    for (const auto& [section, about_what] : {std::pair("circuits", "circuit"), std::pair("bulkheads", "bulkhead")}) {
        for (const json::value& one : list(about, section)) {
            lines.emplace_back(about_what, "now " + in_words(one.as_object(), {}));
        }
    }
    return lines;
}

std::vector<std::pair<std::string, std::string>> lines_of_standing(const json::object& standing) {
    if (!standing.at("running").as_bool()) {
        return {{"live", "not running: configuration only (" + text(standing, "reason") + ")"}};
    }
    std::vector<std::pair<std::string, std::string>> lines{
        {"live", "as " + text(standing, "instance") + " says now" +
                     (text(standing, "ready") == "true" ? "" : "; it is not ready: " + text(standing, "reason"))}};
    for (const json::value& one : list(standing, "resources")) {
        if (text(one.as_object(), "shed") != "none") {
            lines.emplace_back("shed", in_words(one.as_object(), {"share"}));
        }
    }
    if (const json::value* degrade = standing.if_contains("degrade"); degrade != nullptr && degrade->is_object()) {
        lines.emplace_back("degrade", in_words(degrade->as_object(), {}));
    }
    return lines;
}

}  // namespace adit::cli
