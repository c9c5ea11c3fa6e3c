#!/usr/bin/env python3
"""Reads arguments, blocks and attributes of resources from the types of @cdktf/provider-aws, which are made from the schema of
HashiCorp's AWS provider, and prints them as terraform-aws.json holds them. The provider itself cannot be had offline, and those types are
too large to be installed for each test. To check against another version, or further resources:

    npm pack @cdktf/provider-aws && tar xzf cdktf-provider-aws-*.tgz
    tests/deploy/terraform_schema.py package aws_ecs_service data.aws_partition ... > tests/deploy/terraform-aws.json
"""
import json
import pathlib
import re
import sys

INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{\n(.*?)^\}", re.S | re.M)
FIELD = re.compile(r"\{@link \S+/aws/[\d.]+/docs/\S+#(\w+) .*?readonly \w+(\??): ([^;]+);", re.S)
ATTRIBUTE = re.compile(r"get\w+Attribute\('(\w+)'\)|new [\w.]+\(this, [\"'](\w+)[\"']")


def folder_of(resource):
    kind, _, name = resource.rpartition(".")
    return ("data-aws-" if kind else "") + name.removeprefix("aws_").replace("_", "-")


def block(interfaces, name):
    fields = {}
    for argument, optional, kind in FIELD.findall(interfaces.get(name, "")):
        nested = [word for word in re.findall(r"\w+", kind) if word in interfaces]
        fields[argument] = {"required": not optional}
        if nested:
            fields[argument]["block"] = block(interfaces, nested[0])
    return fields


def main(package, *resources):
    package = pathlib.Path(package)
    made = {"version": None, "resources": {}}
    for resource in resources:
        folder = package / "lib" / folder_of(resource)
        text = (folder / "index.d.ts").read_text()
        made["version"] = re.search(r"/aws/([\d.]+)/docs/", text)[1]
        interfaces = {name: body for name, body in INTERFACE.findall(text)}
        config = next(name for name in interfaces if name.endswith("Config"))
        attributes = {one or other for one, other in ATTRIBUTE.findall((folder / "index.js").read_text())}
        made["resources"][resource] = {"arguments": block(interfaces, config), "attributes": sorted(attributes)}
    json.dump(made, sys.stdout, separators=(",", ":"), sort_keys=True)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
