// Text for people, JSON for editors and pipelines.
#include "connector/config/check.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "common/base/secret_scope.h"
#include "common/config/document.h"
#include "connector/config/load.h"
#include "connector/config/table.h"
#include "connector/config/validate_limits.h"

namespace adit::config {
namespace {

constexpr int exit_ok = 0;
constexpr int exit_warnings = 1;
constexpr int exit_bad_input = 2;

std::string count(std::size_t number, std::string_view one) {
    return std::to_string(number) + ' ' + std::string(one) + (number == 1 ? "" : "s");
}

boost::json::array to_json(const yaml::Diagnostics& diagnostics) {
    boost::json::array all;
    for (const auto& [place, message, excerpt] : diagnostics.sorted())
        all.push_back(boost::json::object{
            {"file", place.file()}, {"line", place.line}, {"column", place.column}, {"message", message}});
    return all;
}

/// What the operator should know although nothing is wrong.
std::vector<std::string> open_ends(const Configuration& configuration) {
    std::vector<std::string> all;
    if (!configuration.enforces_access && !configuration.listeners.empty() && !configuration.routes.empty())
        all.emplace_back(
            "no consumers, policies or access: whoever reaches a listener may call; accessibleBy of services is not "
            "enforced");
    const std::vector<std::string> limits = limit_notices(configuration);
    all.insert(all.end(), limits.begin(), limits.end());
    return all;
}

void print_good(const Configuration& configuration, Output output, std::ostream& out) {
    const auto text = summary(configuration);
    if (output == Output::text) {
        out << "ok: " << text << '\n';
        for (const std::string& warning : open_ends(configuration)) out << "warning: " << warning << '\n';
        out << configuration.warnings.text_with_lines("warning");
        return;
    }
    const auto all = notices(configuration);
    boost::json::object told{{"ok", true}, {"summary", text}};
    if (!all.empty()) told["warnings"] = boost::json::array(all.begin(), all.end());
    if (!configuration.warnings.ok()) told["places"] = to_json(configuration.warnings);
    out << boost::json::serialize(told) << '\n';
}

/// Where `file` stands in a message as a name of its own; npos where it does not.
std::size_t find_name(std::string_view message, const std::string& file) {
    const auto is_end = [](char c) { return c == ' ' || c == ':' || c == ',' || c == '\'' || c == '\n'; };
    for (std::size_t at = message.find(file); at != std::string_view::npos; at = message.find(file, at + 1)) {
        const std::size_t end = at + file.size();
        if ((at == 0 || is_end(message[at - 1])) && (end == message.size() || is_end(message[end]))) return at;
    }
    return std::string_view::npos;
}

/// The first value below `node` that is a path of a file which `message` names before any other.
struct Naming {
    std::string_view message;
    yaml::Place place;
    std::size_t found_at = std::string_view::npos;

    void look_into(const yaml::Node& node) {
        if (node.kind == yaml::Node::Kind::scalar && !node.text.empty() && !node.text.contains('\0')) {
            const auto file = (node.place.source->directory() / node.text).lexically_normal();
            std::error_code ignored;
            const auto at = find_name(message, file.string());
            if (at < found_at && std::filesystem::exists(file, ignored)) {
                found_at = at;
                place = node.place;
            }
        }
        for (const yaml::Node& item : node.items) look_into(item);
        for (const yaml::Member& member : node.members) look_into(member.value);
    }
};

/// With their places, or that of the whole file where none can be told.
yaml::Diagnostics errors_of(const std::filesystem::path& path, const std::vector<Error>& found) {
    const SecretScope scope;
    yaml::Diagnostics ignored, errors;  // of what load() has read without an error
    const auto root = found.empty() ? std::nullopt : yaml::load_document(path, yaml::process_environment(), ignored);
    for (const Error& error : found) {
        Naming naming{.message = error.message, .place = {}};
        if (root) {
            naming.place.source = root->place.source;
            naming.look_into(*root);
        }
        errors.error(naming.place, error.message);
    }
    errors.quote(known_words());
    return errors;
}

}  // namespace

std::string summary(const Configuration& configuration) {
    const auto with_tls =
        std::ranges::count_if(configuration.listeners, [](const Listener& l) { return l.tls.has_value(); });
    auto text = count(configuration.listeners.size(), "listener");
    if (with_tls != 0) text += " (" + std::to_string(with_tls) + " with TLS)";
    text += ", " + count(configuration.routes.size(), "route") + ", " + count(configuration.backends.size(), "backend");
    if (configuration.tunnels) {
        const auto& [directory, sessions_per_key, tls, wireguard] = *configuration.tunnels;
        text += ", agents on ";
        if (tls) text += tls->address.text();
        if (wireguard) text += (tls ? " and " : "") + wireguard->address.text() + " (WireGuard)";
    }
    if (configuration.admin) {
        const Admin& admin = *configuration.admin;
        text += ", admin on " + admin.address.text();
        if (admin.metrics) text += ", metrics on " + admin.metrics->text();
    }
    return text;
}

std::vector<std::string> notices(const Configuration& configuration) {
    auto all = open_ends(configuration);
    for (const auto& [place, message, excerpt] : configuration.warnings.sorted())
        all.push_back(place.text() + ": " + message);
    return all;
}

int run_check(const std::filesystem::path& path, Output output, Strictness strictness, std::ostream& out,
              std::ostream& err, const Trial& trial) {
    auto configuration = load(path);
    auto errors = configuration ? yaml::Diagnostics() : std::move(configuration.error());
    std::ostringstream good;
    bool warned = false;
    if (configuration) {
        print_good(*configuration, output, good);
        warned = !notices(*configuration).empty();
        errors = trial ? errors_of(path, trial(std::move(*configuration))) : yaml::Diagnostics();
    }
    if (errors.ok()) {
        out << good.str();
        return strictness == Strictness::strict && warned ? exit_warnings : exit_ok;
    }
    if (output == Output::json)
        out << boost::json::serialize(boost::json::object{{"ok", false}, {"errors", to_json(errors)}}) << '\n';
    else
        err << errors.text_with_lines();
    return exit_bad_input;
}

int run_check(const std::filesystem::path& path, Output output, Strictness strictness, const Trial& trial) {
    return run_check(path, output, strictness, std::cout, std::cerr, trial);
}

}  // namespace adit::config
