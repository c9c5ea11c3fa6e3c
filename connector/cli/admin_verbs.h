// Verbs that ask a running connector's admin server one thing, and show its answer.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "connector/cli/admin_address.h"
#include "connector/cli/options.h"

namespace adit::cli {

/// What such verbs have in common on the command line.
struct AdminArguments {
    std::string config;
    AdminWay admin;
    std::string output = "text";
};

/// The exit status of what a verb did there.
using AdminVerb = std::function<int(const status::Target& admin)>;

/// Adds such verbs below a command; `chosen` outlives them, and is what the command line asks for.
class AdminVerbs {
  public:
    AdminVerbs(std::shared_ptr<AdminArguments> arguments, FindFile find_file, std::function<int()>& chosen)
        : arguments_(std::move(arguments)), find_file_(std::move(find_file)), chosen_(chosen) {}

    CLI::App* add(CLI::App& under, const char* name, const char* help, const AdminVerb& verb) const;

  private:
    std::shared_ptr<AdminArguments> arguments_;
    FindFile find_file_;
    std::function<int()>& chosen_;
};

/// Why the server has not done it: its own words, or a problem's (RFC 9457).
std::string reason_of(const boost::json::object& told, const std::string& otherwise);
/// Asks, and shows an answer of 200 by `print` or as it came; what else it answers is an error. The exit status.
int ask_admin(const AdminArguments& arguments, const status::Target& admin, const char* method, const std::string& path,
              const std::function<void(const boost::json::object&)>& print,
              std::chrono::seconds patience = status::kPatience);

}  // namespace adit::cli
