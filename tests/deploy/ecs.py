"""deploy/ecs as an operator would have it checked: by AWS's validator, CDK and cdk-nag, HashiCorp's parser, and by what must hold
whatever they say: no public address, nothing that listens, no right too many, no secret in sight, time enough to leave."""
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import cloudformation
from deploy import ROOT, need, skip

ECS = ROOT / "deploy/ecs"
MODULES = pathlib.Path(os.environ.get("ADIT_DEPLOY_NODE_MODULES", ROOT / "build/npm-deploy/node_modules"))
NODE = pathlib.Path(__file__).parent / "node"

ACCOUNT = "eu-central-1:123456789012"
KEY = f"arn:aws:kms:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
REPOSITORY = f"arn:aws:ecr:{ACCOUNT}:repository/adit/agent"
SUBNETS = "subnet-0123456789abcdef0,subnet-0123456789abcdef1"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/adit/agent:0.1.0"
TOKEN = f"arn:aws:secretsmanager:{ACCOUNT}:secret:adit/vpc-1-AbCdEf"
AGENT = {"VpcId": "vpc-0123456789abcdef0", "PrivateSubnetIds": SUBNETS, "Image": IMAGE, "TokenArn": TOKEN, "AllowedTargets": "10.0.8.5:8080",
         "ConnectorCidr": "203.0.113.0/24", "TargetCidr": "10.0.8.0/24", "TargetPortFrom": 8080, "TargetPortTo": 8080,
         "AwsServicesCidr": "10.0.0.0/24"}
CONNECTOR = {"VpcId": "vpc-0123456789abcdef0", "LoadBalancerSubnetIds": SUBNETS, "PrivateSubnetIds": SUBNETS, "Image": IMAGE,
             "ClientCidr": "10.0.0.0/8", "AwsServicesCidr": "10.0.0.0/24"}
# Each condition of the templates is met by one of these, and not by another.
STACKS = {
    "agent": ("agent.yaml", AGENT),
    "agent-full": ("agent.yaml", {**AGENT, "ClusterName": "edge", "ImageRepositoryArn": REPOSITORY, "TokenKeyArn": KEY, "LogKeyArn": KEY,
                                  "S3PrefixListId": "pl-0123abcd", "SecondTargetCidr": "10.1.0.0/24", "StreamsTarget": 200}),
    "agent-tls": ("agent.yaml", {**AGENT, "Transport": "tls", "CpuArchitecture": "ARM64",
                                 "TokenArn": f"arn:aws:ssm:{ACCOUNT}:parameter/adit/vpc-1"}),
    "agent-wireguard": ("agent.yaml", {**AGENT, "Transport": "wireguard"}),
    "connector": ("connector.yaml", CONNECTOR),
    "connector-full": ("connector.yaml", {
        **CONNECTOR, "Running": "yes", "WireGuard": "yes", "ClusterName": "edge", "ImageRepositoryArn": REPOSITORY, "SecretArn": TOKEN,
        "SecretKeyArn": KEY, "DataKeyArn": KEY, "LogKeyArn": KEY, "S3PrefixListId": "pl-0123abcd", "BackendCidr": "10.1.0.0/16",
        "ClientCertificateArn": f"arn:aws:acm:{ACCOUNT}:certificate/01234567-89ab-cdef-0123-456789abcdef",
        "AlarmTopicArn": f"arn:aws:sns:{ACCOUNT}:pager"}),
}


def edited(template, path, change):
    """A copy in which the value at the path was changed in place."""
    copied = copy.deepcopy(template)
    node = copied
    for step in path:
        node = node[step]
    change(node)
    return copied


def misspelt(old, new):
    def change(node):
        node[new] = node.pop(old)
    return change


class Templates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.raw = {name: cloudformation.load(ECS / name) for name in ("agent.yaml", "connector.yaml")}
        cls.stacks = {name: cloudformation.resolve(cls.raw[file], parameters) for name, (file, parameters) in STACKS.items()}
        # What a validator worth its name refuses; else its silence above says nothing.
        agent, connector = cls.stacks["agent"], cls.stacks["connector-full"]
        container = ("Resources", "TaskDefinition", "Properties", "ContainerDefinitions", 0)
        cls.mutants = {
            "a misspelt property of a resource": edited(agent, ("Resources", "Service", "Properties"), misspelt("PropagateTags", "PropogateTags")),
            "a misspelt property of a container": edited(agent, container, misspelt("ReadonlyRootFilesystem", "ReadOnlyRootFilesystem")),
            "a value that there is not": edited(agent, ("Resources", "Service", "Properties"), lambda node: node.update(LaunchType="FARGAET")),
            "a text for a number": edited(agent, ("Resources", "ScalableTarget", "Properties"), lambda node: node.update(MinCapacity="two")),
            "a reference to nothing": edited(agent, ("Resources", "Service", "Properties"), lambda node: node.update(TaskDefinition={"Ref": "Task"})),
            "a property that is left out": edited(connector, ("Resources", "ClientListener", "Properties"), lambda node: node.pop("DefaultActions")),
            "an attribute that there is not": edited(agent, ("Resources", "TaskDefinition", "Properties"),
                                                     lambda node: node.update(TaskRoleArn={"Fn::GetAtt": ["TaskRole", "ARN"]})),
        }
        cls.shamed = {
            "AwsSolutions-ECS2": edited(agent, ("Resources", "TaskDefinition"), lambda node: node.pop("Metadata")),
            "AwsSolutions-IAM5": edited(agent, ("Resources", "ExecutionRole", "Properties", "Policies", 0, "PolicyDocument", "Statement", 0),
                                        lambda node: node.update(Action="logs:*")),
            "AwsSolutions-ECS7": edited(agent, container, lambda node: node.pop("LogConfiguration")),
            "AwsSolutions-EFS1": edited(connector, ("Resources", "FileSystem", "Properties"), lambda node: node.update(Encrypted=False)),
        }
        with tempfile.TemporaryDirectory(prefix="adit-ecs-") as directory:
            def written(kind, templates):
                files = []
                for name, template in templates.items():
                    path = pathlib.Path(directory, f"{kind} {name}.json")
                    path.write_text(json.dumps(template))
                    files.append(path)
                return files
            stacks = written("stack", cls.stacks)
            arguments = [ECS / "agent.yaml", ECS / "connector.yaml", *stacks, *written("mutant", cls.mutants), "--nag", *stacks,
                         *written("shamed", cls.shamed)]
            said = node("cloudformation.js", *arguments)
            if shutil.which("cfn-lint"):
                cls.linted = subprocess.run(["cfn-lint", str(ECS / "agent.yaml"), str(ECS / "connector.yaml"), *map(str, stacks)],
                                            capture_output=True, text=True)
            else:
                cls.linted = None
        cls.said = {}
        for key, value in said.items():
            kind, path = key.split(" ", 1)
            cls.said[kind, pathlib.Path(path).name.removesuffix(".json")] = value

    def findings(self, name):
        """Without that an ARN names an account, which is the operator's parameter here."""
        return [line for line in self.said["schema", name]["findings"] if " W9013 " not in line]

    def test_the_templates_fit_the_schemas_of_their_resources(self):
        for name in ("agent.yaml", "connector.yaml"):
            with self.subTest(name):
                self.assertEqual(self.said["schema", name]["status"], "OK")
                # What it warns of here are defaults of conditions that are not met; below, where they are decided, of nothing.
                self.assertEqual([line for line in self.said["schema", name]["findings"] if not line.startswith("WARN")], [])

    def test_each_stack_that_they_make_is_without_a_finding(self):
        for name in STACKS:
            with self.subTest(name):
                self.assertEqual(self.said["schema", f"stack {name}"]["status"], "OK")
                self.assertEqual(self.findings(f"stack {name}"), [])

    def test_the_validator_refuses_what_is_wrong(self):
        for name in self.mutants:
            with self.subTest(name):
                self.assertTrue(self.findings(f"mutant {name}"))

    def test_cdk_includes_and_synthesizes_them_and_nag_has_nothing_to_say(self):
        for name, stack in self.stacks.items():
            with self.subTest(name):
                said = self.said["nag", f"stack {name}"]
                self.assertEqual((said["failed"], said["findings"]), ("", []))
                self.assertEqual(sorted(said["resources"]), sorted(stack["Resources"]))

    def test_nag_names_what_is_wrong(self):
        for rule in self.shamed:
            with self.subTest(rule):
                self.assertIn(rule, " ".join(self.said["nag", f"shamed {rule}"]["findings"]))

    def test_each_suppression_has_its_reason(self):
        for name, template in self.raw.items():
            for resource, declared in template["Resources"].items():
                for told in declared.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", []):
                    with self.subTest(f"{name} {resource} {told['id']}"):
                        self.assertGreater(len(told["reason"].split()), 5)

    def test_cfn_lint_agrees(self):
        if self.linted is None:
            self.skipTest("cfn-lint is not installed; Debian and npm do not have it")
        self.assertEqual((self.linted.returncode, self.linted.stdout), (0, ""), self.linted.stderr)

    def test_no_task_has_a_public_address_and_nobody_gets_a_shell_in_one(self):
        for name, stack in self.stacks.items():
            for service, properties in cloudformation.of_type(stack, "AWS::ECS::Service").items():
                with self.subTest(f"{name} {service}"):
                    network = properties["NetworkConfiguration"]["AwsvpcConfiguration"]
                    self.assertEqual(network["AssignPublicIp"], "DISABLED")
                    self.assertIs(properties["EnableExecuteCommand"], False)
                    self.assertEqual(properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"], {"Enable": True, "Rollback": True})
                    self.assertEqual(properties["PropagateTags"], "SERVICE")

    def test_nobody_connects_to_an_agent(self):
        for name in (name for name in STACKS if name.startswith("agent")):
            with self.subTest(name):
                stack = self.stacks[name]
                (group,) = cloudformation.of_type(stack, "AWS::EC2::SecurityGroup").values()
                self.assertNotIn("SecurityGroupIngress", group)
                self.assertEqual(cloudformation.of_type(stack, "AWS::EC2::SecurityGroupIngress"), {})
                (task,) = cloudformation.of_type(stack, "AWS::ECS::TaskDefinition").values()
                self.assertFalse([c for c in task["ContainerDefinitions"] if c.get("PortMappings")])

    def test_an_agent_reaches_the_connector_names_its_targets_and_what_fargate_needs(self):
        def egress(name):
            (group,) = cloudformation.of_type(self.stacks[name], "AWS::EC2::SecurityGroup").values()
            return {(rule["IpProtocol"], int(rule["FromPort"]), int(rule["ToPort"]), rule.get("CidrIp", rule.get("DestinationPrefixListId")))
                    for rule in group["SecurityGroupEgress"]}
        least = {("tcp", 8080, 8080, "10.0.8.0/24"), ("udp", 53, 53, "169.254.169.253/32"), ("tcp", 53, 53, "169.254.169.253/32"),
                 ("tcp", 443, 443, "10.0.0.0/24")}
        tls, wireguard = ("tcp", 7443, 7444, "203.0.113.0/24"), ("udp", 51820, 51821, "203.0.113.0/24")
        self.assertEqual(egress("agent"), least | {tls, wireguard})
        self.assertEqual(egress("agent-tls"), least | {tls})
        self.assertEqual(egress("agent-wireguard"), least | {wireguard})
        self.assertEqual(egress("agent-full"), least | {tls, wireguard, ("tcp", 443, 443, "10.1.0.0/24"), ("tcp", 443, 443, "pl-0123abcd")})

    def test_connectors_are_reached_through_the_load_balancer_only(self):
        stack = self.stacks["connector-full"]
        groups = cloudformation.of_type(stack, "AWS::EC2::SecurityGroup")
        self.assertNotIn("SecurityGroupIngress", groups["TaskSecurityGroup"])
        for rule in cloudformation.of_type(stack, "AWS::EC2::SecurityGroupIngress").values():
            self.assertEqual(rule["SourceSecurityGroupId"], {"Ref": "LoadBalancerSecurityGroup"})
            self.assertNotIn("CidrIp", rule)

    def test_roles_have_no_right_on_everything_but_the_one_that_knows_no_resource(self):
        for name, stack in self.stacks.items():
            for role, statement in cloudformation.statements(stack):
                with self.subTest(f"{name} {role}"):
                    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                    self.assertFalse([action for action in actions if "*" in action])
                    if statement["Resource"] == "*":
                        self.assertEqual(actions, ["ecr:GetAuthorizationToken"])
        # An agent's containers may do nothing at all, where no other container writes metrics.
        self.assertFalse(self.stacks["agent"]["Resources"]["TaskRole"]["Properties"].get("Policies"))
        for _, statement in cloudformation.statements(self.stacks["agent-full"]):
            self.assertNotIn("elasticfilesystem:ClientRootAccess", statement["Action"])

    def test_roles_are_assumed_by_tasks_of_this_account_only(self):
        for name, stack in self.stacks.items():
            for role, properties in cloudformation.of_type(stack, "AWS::IAM::Role").items():
                with self.subTest(f"{name} {role}"):
                    (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
                    self.assertEqual(statement["Principal"], {"Service": "ecs-tasks.amazonaws.com"})
                    self.assertEqual(statement["Condition"]["StringEquals"], {"aws:SourceAccount": {"Ref": "AWS::AccountId"}})

    def test_no_secret_is_a_parameter_or_stands_in_the_environment(self):
        for name, template in self.raw.items():
            for parameter, declared in template["Parameters"].items():
                with self.subTest(f"{name} {parameter}"):
                    if re.search("Token|Secret|Password", parameter):
                        self.assertRegex(parameter, "Arn$")
                    self.assertGreater(len(declared["Description"]), 9)
                    self.assertNotIn("NoEcho", declared)
        for name, stack in self.stacks.items():
            for container in containers(stack):
                with self.subTest(f"{name} {container['Name']}"):
                    self.assertFalse([one for one in container.get("Environment", []) if re.search("TOKEN|SECRET|PASSWORD", one["Name"])])
        (agent, *_) = containers(self.stacks["agent"])
        self.assertEqual(agent["Secrets"], [{"Name": "TUNNEL_TOKEN", "ValueFrom": TOKEN}])

    def test_containers_are_locked_down(self):
        for name, stack in self.stacks.items():
            for container in containers(stack):
                with self.subTest(f"{name} {container['Name']}"):
                    self.assertEqual(container["LinuxParameters"]["Capabilities"], {"Drop": ["ALL"]})
                    self.assertEqual(container["LogConfiguration"]["LogDriver"], "awslogs")
                    if container["Name"] in ("agent", "connector"):
                        self.assertEqual(container["User"], "10001")
                        self.assertIs(container["ReadonlyRootFilesystem"], True)
                        self.assertEqual(container["HealthCheck"]["Command"], ["CMD", f"adit-{container['Name']}", "healthcheck"])

    def test_there_is_time_to_leave(self):
        (agent, *_) = containers(self.stacks["agent"])
        grace = next(one["Value"] for one in agent["Environment"] if one["Name"] == "TUNNEL_GRACE_PERIOD")
        self.assertGreater(agent["StopTimeout"], seconds(grace))
        (connector,) = (one for one in containers(self.stacks["connector"]) if one["Name"] == "connector")
        drain = re.search(r"drain for up to (\d+) s", (ROOT / "docs/operations.md").read_text())[1]
        self.assertGreater(connector["StopTimeout"], int(drain))
        for name, group in cloudformation.of_type(self.stacks["connector-full"], "AWS::ElasticLoadBalancingV2::TargetGroup").items():
            with self.subTest(name):
                self.assertGreater(int(attributes(group)["deregistration_delay.timeout_seconds"]), int(drain))

    def test_connectors_that_are_away_for_a_while_end_no_agent_and_agents_that_are_away_no_connector(self):
        (agent, *_) = containers(self.stacks["agent"])
        check = agent["HealthCheck"]
        self.assertGreaterEqual(check["Interval"] * check["Retries"], 180)
        self.assertEqual(check["StartPeriod"], 300)
        for service in cloudformation.of_type(self.stacks["connector"], "AWS::ECS::Service").values():
            self.assertEqual(service["HealthCheckGracePeriodSeconds"], 2**31 - 1)
            # One after the other, with no two at one port.
            self.assertEqual((service["DeploymentConfiguration"]["MinimumHealthyPercent"], service["DeploymentConfiguration"]["MaximumPercent"]), (0, 100))
        self.assertIn("FirstService", self.stacks["connector"]["Resources"]["SecondService"]["DependsOn"])

    def test_two_agents_in_two_zones_and_more_when_they_are_busy(self):
        stack = self.stacks["agent-full"]
        (service,) = cloudformation.of_type(stack, "AWS::ECS::Service").values()
        self.assertNotIn("DesiredCount", service)
        self.assertEqual(len(set(service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"])), 2)
        (target,) = cloudformation.of_type(stack, "AWS::ApplicationAutoScaling::ScalableTarget").values()
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), (2, 7))
        policies = cloudformation.of_type(stack, "AWS::ApplicationAutoScaling::ScalingPolicy")
        self.assertEqual(set(policies), {"ScaleOnCpu", "ScaleOnStreams"})
        self.assertEqual(set(cloudformation.of_type(self.stacks["agent"], "AWS::ApplicationAutoScaling::ScalingPolicy")), {"ScaleOnCpu"})

    def test_the_metric_that_is_written_is_the_one_that_is_scaled_on(self):
        stack = self.stacks["agent-full"]
        (metrics,) = (one for one in containers(stack) if one["Name"] == "metrics")
        environment = {one["Name"]: text(one["Value"]) for one in metrics["Environment"]}
        processor = json.loads(environment["CW_CONFIG_CONTENT"])["logs"]["metrics_collected"]["prometheus"]["emf_processor"]
        (declared,) = processor["metric_declaration"]
        (scrape,) = cloudformation.yaml.safe_load(environment["PROMETHEUS_CONFIG_CONTENT"])["scrape_configs"]
        (static,) = scrape["static_configs"]
        wanted = stack["Resources"]["ScaleOnStreams"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
        self.assertEqual(processor["metric_namespace"], wanted["Namespace"])
        self.assertTrue(any(re.search(pattern, wanted["MetricName"]) for pattern in declared["metric_selectors"]))
        self.assertRegex(scrape["job_name"], declared["label_matcher"])
        self.assertEqual([dimension["Name"] for dimension in wanted["Dimensions"]], declared["dimensions"][0])
        self.assertEqual({name: text(value) for name, value in static["labels"].items()},
                         {dimension["Name"]: text(dimension["Value"]) for dimension in wanted["Dimensions"]})
        (agent, *_) = containers(stack)
        self.assertIn({"Name": "TUNNEL_METRICS", "Value": static["targets"][0]}, agent["Environment"])

    def test_the_load_balancer_looks_at_the_data_path_and_passes_bytes_through(self):
        stack = self.stacks["connector-full"]
        groups = cloudformation.of_type(stack, "AWS::ElasticLoadBalancingV2::TargetGroup")
        self.assertEqual({name: (group["Protocol"], group["HealthCheckPath"]) for name, group in groups.items()}, {
            "ClientTargets": ("TCP", "/ready"), "FirstTunnelTargets": ("TCP", "/live"), "SecondTunnelTargets": ("TCP", "/live"),
            "FirstWireGuardTargets": ("UDP", "/live"), "SecondWireGuardTargets": ("UDP", "/live")})
        (connector,) = (one for one in containers(stack) if one["Name"] == "connector")
        ports = {str(one["ContainerPort"]): one["Protocol"].upper() for one in connector["PortMappings"]}
        for name, group in groups.items():
            with self.subTest(name):
                self.assertEqual(ports[str(group["Port"])], group["Protocol"])
                self.assertEqual((ports[group["HealthCheckPort"]], group["HealthCheckProtocol"]), ("TCP", "HTTP"))
                self.assertEqual(attributes(group)["preserve_client_ip.enabled"], "true")
                self.assertEqual(attributes(group).get("proxy_protocol_v2.enabled", "false"), "false")
        listeners = cloudformation.of_type(stack, "AWS::ElasticLoadBalancingV2::Listener")
        self.assertEqual({name: listener["Protocol"] for name, listener in listeners.items() if name != "ClientListener"}, {
            "FirstTunnelListener": "TCP", "SecondTunnelListener": "TCP", "FirstWireGuardListener": "UDP", "SecondWireGuardListener": "UDP"})
        self.assertEqual(len({str(listener["Port"]) for listener in listeners.values()}), 5)
        self.assertEqual(self.stacks["connector"]["Resources"]["ClientListener"]["Properties"]["Protocol"], "TCP")

    def test_a_connector_writes_its_state_and_not_its_configuration(self):
        stack = self.stacks["connector"]
        (connector,) = (one for one in containers(stack) if one["Name"] == "connector")
        self.assertEqual({one["ContainerPath"]: one["ReadOnly"] for one in connector["MountPoints"]}, {"/etc/adit": True, "/var/lib/adit": False})
        written = [statement["Condition"]["StringEquals"]["elasticfilesystem:AccessPointArn"]["Fn::GetAtt"][0]
                   for role, statement in cloudformation.statements(stack) if role == "TaskRole" and "elasticfilesystem:ClientWrite" in statement["Action"]]
        self.assertEqual(written, ["StateFiles"])
        for task in cloudformation.of_type(stack, "AWS::ECS::TaskDefinition").values():
            for volume in task["Volumes"]:
                files = volume.get("EFSVolumeConfiguration")
                if files:
                    self.assertEqual((files["TransitEncryption"], files["AuthorizationConfig"]["IAM"]), ("ENABLED", "ENABLED"))

    def test_what_the_operator_is_asked_is_in_order(self):
        for name, template in self.raw.items():
            with self.subTest(name):
                groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
                asked = [parameter for group in groups for parameter in group["Parameters"]]
                self.assertEqual(sorted(asked), sorted(template["Parameters"]))
                self.assertTrue(all(len(output["Description"]) > 9 for output in template["Outputs"].values()))


def containers(stack):
    return [one for task in cloudformation.of_type(stack, "AWS::ECS::TaskDefinition").values() for one in task["ContainerDefinitions"]]


def attributes(group):
    return {one["Key"]: one["Value"] for one in group["TargetGroupAttributes"]}


def text(value):
    """What Fn::Sub would make of a text, but for names of resources."""
    if isinstance(value, dict):
        value = f"${{{value['Ref']}}}" if "Ref" in value else value["Fn::Sub"]
    return value


def seconds(duration):
    return int(re.fullmatch(r"(\d+)s", duration)[1])


def node(script, *arguments):
    done = subprocess.run(["node", str(NODE / script), *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "NODE_PATH": str(MODULES)}, timeout=420)
    if done.returncode != 0:
        raise AssertionError(done.stderr[-3000:])
    return json.loads(done.stdout)


if __name__ == "__main__":
    need("node")
    if not (MODULES / "aws-cdk-lib").exists():
        skip("npm modules of tests/deploy/node are not installed (scripts/install-dependencies deploy)")
    unittest.main(verbosity=2)
