// Access rules: who may use routes, services and tunnels.
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace yaml;

/// Rules by the name of what they are about.
class RulesByName {
  public:
    using value_type = std::map<std::string, access::Rules, std::less<>>;
    bool read(const Node& node, value_type& value, Diagnostics& diagnostics) const {
        if (!expect_kind(node, Node::Kind::map, "a map of names", diagnostics)) return false;
        value.clear();
        bool all = true;
        for (const Member& member : node.members) {
            all &= expect_name(member, diagnostics);
            all &= access_rules().read(member.value, value[member.key], diagnostics);
        }
        return all;
    }
    Schema schema() const {
        return {.kind = Schema::Kind::named, .name = "a map of names", .items = {access_rules().schema()}};
    }
    std::string show(const value_type&) const { return {}; }

  private:
    static List<AccessRule> access_rules() { return {AccessRule(), bounds::access_rules}; }
};

void consumer_or_project(const Node& node, const access::Rule& rule, Diagnostics& diagnostics) {
    if (rule.consumer.empty() == rule.project.empty())
        diagnostics.error(node.place, "an access rule names a consumer or a project; consumer: \"*\" is any consumer");
}

Object<access::Rule> rule_table() {
    return Object<access::Rule>("an access rule", "Allows a consumer or a project in some environments.")
        .field("consumer", &access::Rule::consumer, Text(),
               "The name of a consumer; * is any, anonymous is who shows nothing.")
        .field("project", &access::Rule::project, Text(), "The name of a project instead: all of its consumers.")
        .field("environments", &access::Rule::environments, List(Text(), bounds::attributes),
               "Environments from which they may call; any when left out, none for an empty list.")
        .rule(consumer_or_project);
}

}  // namespace

bool AccessRule::read(const Node& node, access::Rule& rule, Diagnostics& diagnostics) const {
    const bool good = rule_table().read(node, rule, diagnostics);
    if (good && !node.find("environments")) rule.environments = {"*"};
    return good;
}

Schema AccessRule::schema() const {
    return rule_table().schema();
}

yaml::Object<Access> access_table() {
    return Object<Access>("access", "Who may use services and tunnels.")
        .field("services", &Access::services, RulesByName(),
               "Rules by the name of a service, besides those of its tunnel's file: one of them must allow.")
        .field("tunnels", &Access::tunnels, RulesByName(),
               "Rules by the name of a tunnel: they must allow, too, whatever its services say.");
}

}  // namespace adit::config
