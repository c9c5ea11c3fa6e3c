"""Reads CloudFormation templates, and works out what one of them makes for given parameters: conditions are decided, Fn::If and
references to parameters are gone. So what is said of it holds for what an operator gets, and validators need not guess."""
import copy

import yaml


class _Loader(yaml.SafeLoader):
    """Strict about keys that stand twice, and about aliases, which CloudFormation does not take."""

    def compose_node(self, parent, index):
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise AssertionError(f"an alias, which CloudFormation does not take: {event.start_mark}")
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise AssertionError(f"keys that stand twice: {twice} {node.start_mark}")
        return super().construct_mapping(node, deep=True)


def _intrinsic(loader, suffix, node):
    value = (loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else
             loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else loader.construct_mapping(node))
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, _Loader)


_NOTHING = object()


def resolve(template, parameters):
    """The template for these parameters (the others have their defaults), without conditions."""
    values = {name: parameters.get(name, declared.get("Default")) for name, declared in template["Parameters"].items()}
    missing = [name for name, value in values.items() if value is None]
    assert not missing, f"no value for {missing}"
    assert not set(parameters) - set(values), f"unknown parameters {set(parameters) - set(values)}"
    kinds = {"Number": int, "String": str}
    values = {name: value.split(",") if template["Parameters"][name]["Type"].startswith("List<") else
              kinds.get(template["Parameters"][name]["Type"], str)(value) for name, value in values.items()}
    conditions = template.get("Conditions", {})

    def holds(expression):
        (name, operand), = expression.items()
        if name == "Condition":
            return holds(conditions[operand])
        if name == "Fn::Equals":
            left, right = (str(settled(side)) for side in operand)
            return left == right
        decided = [holds(one) for one in operand]
        return {"Fn::Not": lambda: not decided[0], "Fn::And": lambda: all(decided), "Fn::Or": lambda: any(decided)}[name]()

    def settled(node):
        if isinstance(node, list):
            return [value for value in map(settled, node) if value is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Ref"}:
            return _NOTHING if node["Ref"] == "AWS::NoValue" else values.get(node["Ref"], node)
        if set(node) == {"Fn::If"}:
            condition, then, otherwise = node["Fn::If"]
            return settled(then if holds(conditions[condition]) else otherwise)
        if set(node) == {"Fn::Sub"}:
            text, more = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else (node["Fn::Sub"], {})
            more = {name: settled(value) for name, value in more.items()}
            for name, value in {**values, **{name: value for name, value in more.items() if isinstance(value, str)}}.items():
                text = text.replace("${%s}" % name, str(value))
            more = {name: value for name, value in more.items() if not isinstance(value, str)}
            return {"Fn::Sub": [text, more] if more else text} if "${" in text else text
        if set(node) == {"Fn::Select"}:
            index, choices = settled(node["Fn::Select"])
            return choices[int(index)]
        return {key: value for key, value in ((key, settled(value)) for key, value in node.items()) if value is not _NOTHING}

    made = copy.deepcopy({key: template[key] for key in template if key not in ("Parameters", "Conditions", "Rules", "Metadata")})
    for section in ("Resources", "Outputs"):
        made[section] = {name: settled({key: value for key, value in thing.items() if key != "Condition"})
                         for name, thing in made[section].items()
                         if "Condition" not in thing or holds(conditions[thing["Condition"]])}
    return made


def of_type(template, kind):
    """The properties of all resources of a type, by logical name."""
    return {name: resource.get("Properties", {}) for name, resource in template["Resources"].items() if resource["Type"] == kind}


def statements(template):
    """All statements of policies of roles, as (resource, statement)."""
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement
