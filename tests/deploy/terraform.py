"""The Terraform module of the agent: HashiCorp's parser reads it, each argument, block and attribute is one of the AWS provider's,
and it promises what the CloudFormation template promises."""
import copy
import json
import os
import re
import shutil
import subprocess
import unittest

import cloudformation
from deploy import ROOT, need, skip
from ecs import AGENT, ECS, MODULES, containers, node

MODULE = ECS / "terraform/agent"
META = {"count", "for_each", "lifecycle", "depends_on", "provider"}
REFERENCE = re.compile(r"\b((?:data\.)?aws_[a-z_]+)\.([a-z_]+)(?:\[[^\]]*\])?\.([a-z_]+)")


def merged(parsed):
    """All files as one: each section's things by name, blocks of one kind in one list."""
    whole = {"resource": {}, "data": {}, "variable": {}, "output": {}, "local": {}}
    for file in parsed.values():
        for section in ("resource", "data"):
            for kind, named in file.get(section, {}).items():
                for name, (body,) in named.items():
                    whole[section][("data." if section == "data" else "") + kind, name] = body
        for section in ("variable", "output"):
            for name, (body,) in file.get(section, {}).items():
                whole[section][name] = body
        for values in file.get("locals", []):
            whole["local"].update(values)
    return whole


def strings(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, (dict, list)):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(key, str):
                yield key
            yield from strings(value)


def wrong_in(body, fields, where):
    """What of a block the provider would refuse."""
    for name, value in body.items():
        if name == "dynamic":
            for kind, blocks in value.items():
                for block in blocks:
                    yield from wrong_in({kind: block["content"]}, {**fields, "_": None}, where)
        elif name in META:
            continue
        elif name not in fields:
            yield f"{where}: unknown {name}"
        elif isinstance(fields[name], dict) and "block" in fields[name]:
            for one in value:
                yield from wrong_in(one, fields[name]["block"], f"{where}.{name}")
    if "_" not in fields:
        for name, field in fields.items():
            if field["required"] and name not in body:
                yield f"{where}: {name} is missing"


def wrong_with(whole, provider):
    things = {**whole["resource"], **whole["data"]}
    for (kind, name), body in things.items():
        if kind not in provider:
            yield f"unknown resource {kind}"
        else:
            yield from wrong_in(body, provider[kind]["arguments"], f"{kind}.{name}")
    for text in strings([*things.values(), whole["local"], whole["output"]]):
        for kind, name, attribute in REFERENCE.findall(text):
            if (kind, name) not in things:
                yield f"nothing is {kind}.{name}"
            elif attribute not in provider[kind]["attributes"]:
                yield f"{kind} has no attribute {attribute}"
        for name in re.findall(r"\bvar\.(\w+)", text):
            if name not in whole["variable"]:
                yield f"no variable {name}"
        for name in re.findall(r"\blocal\.(\w+)", text):
            if name not in whole["local"]:
                yield f"no local {name}"


class Module(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.whole = merged(node("terraform.js", *sorted(MODULE.glob("*.tf"))))
        cls.provider = json.loads((ROOT / "tests/deploy/terraform-aws.json").read_text())["resources"]

    def test_all_that_it_says_is_known_to_the_provider(self):
        self.assertEqual(list(wrong_with(self.whole, self.provider)), [])

    def test_what_is_wrong_would_be_seen(self):
        def change(section, thing, old, new):
            whole = copy.deepcopy(self.whole)
            whole[section][thing] = json.loads(json.dumps(whole[section][thing]).replace(old, new))
            return whole
        service = ("aws_ecs_service", "this")
        for what, whole in {
            "an argument": change("resource", service, '"propagate_tags"', '"propogate_tags"'),
            "a block": change("resource", service, '"deployment_circuit_breaker"', '"circuit_breaker"'),
            "an argument of a block": change("resource", service, '"rollback"', '"roll_back"'),
            "a required argument": change("resource", ("aws_iam_role", "task"), '"assume_role_policy"', '"tags_all"'),
            "a reference": change("resource", service, "aws_ecs_task_definition.this.arn", "aws_ecs_task_definition.that.arn"),
            "an attribute": change("resource", service, "aws_ecs_task_definition.this.arn", "aws_ecs_task_definition.this.arm"),
            "a variable": change("local", "agent", "var.image", "var.picture"),
        }.items():
            with self.subTest(what):
                self.assertTrue(list(wrong_with(whole, self.provider)))

    def test_each_variable_and_output_is_described_and_used(self):
        text = " ".join(strings([*self.whole["resource"].values(), *self.whole["data"].values(), self.whole["local"]]))
        for name, variable in self.whole["variable"].items():
            with self.subTest(name):
                self.assertGreater(len(variable["description"]), 9)
                self.assertIn("type", variable)
                self.assertRegex(text, rf"\bvar\.{name}\b")
        self.assertTrue(all(len(output["description"]) > 8 for output in self.whole["output"].values()))

    def test_the_container_is_that_of_the_template(self):
        (other, *_) = containers(cloudformation.resolve(cloudformation.load(ECS / "agent.yaml"), AGENT))
        ours = self.whole["local"]["agent"]
        for key in ("name", "essential", "command", "user", "readonlyRootFilesystem", "privileged", "stopTimeout"):
            with self.subTest(key):
                self.assertEqual(ours[key], other[key[0].upper() + key[1:]])
        self.assertEqual(ours["healthCheck"], {key[0].lower() + key[1:]: value for key, value in other["HealthCheck"].items()})
        self.assertEqual(ours["linuxParameters"]["capabilities"], {"add": [], "drop": ["ALL"]})
        self.assertEqual([one["name"] for one in ours["environment"]], [one["Name"] for one in other["Environment"]])
        fixed = {one["Name"]: one["Value"] for one in other["Environment"] if one["Name"] in ("TUNNEL_METRICS", "TUNNEL_GRACE_PERIOD")}
        self.assertEqual({one["name"]: one["value"] for one in ours["environment"] if one["name"] in fixed}, fixed)
        self.assertEqual(ours["secrets"], [{"name": "TUNNEL_TOKEN", "valueFrom": "${var.token_arn}"}])

    def test_it_promises_what_the_template_promises(self):
        resources = self.whole["resource"]
        service = resources["aws_ecs_service", "this"]
        self.assertIs(service["network_configuration"][0]["assign_public_ip"], False)
        self.assertIs(service["enable_execute_command"], False)
        self.assertEqual(service["deployment_circuit_breaker"], [{"enable": True, "rollback": True}])
        self.assertEqual(service["lifecycle"][0]["ignore_changes"], ["${desired_count}"])
        self.assertNotIn("ingress", resources["aws_security_group", "this"])
        self.assertFalse([kind for kind, _ in resources if "ingress" in kind])
        self.assertNotIn("portMappings", self.whole["local"]["agent"])
        self.assertEqual(self.whole["variable"]["min_tasks"]["default"], 2)
        for (kind, name), document in self.whole["data"].items():
            if kind != "data.aws_iam_policy_document" or name == "tasks":
                continue
            blocks = document.get("statement", []) + [one["content"][0] for one in document.get("dynamic", {}).get("statement", [])]
            for block in blocks:
                with self.subTest(f"{name} {block['actions']}"):
                    self.assertFalse([action for action in block["actions"] if "*" in action])
                    if "*" in block["resources"]:
                        self.assertEqual(block["actions"], ["ecr:GetAuthorizationToken"])

    def test_terraform_would_write_it_the_same_way(self):
        if not shutil.which("terraform"):
            self.skipTest("terraform is not installed; Debian does not have it")
        done = subprocess.run(["terraform", "fmt", "-check", "-diff", str(MODULE)], capture_output=True, text=True,
                              env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"})
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


if __name__ == "__main__":
    need("node")
    if not (MODULES / "@cdktf/hcl2json").exists():
        skip("npm modules of tests/deploy/node are not installed (scripts/install-dependencies deploy)")
    unittest.main(verbosity=2)
