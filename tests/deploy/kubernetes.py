"""What tests of charts share: helm and kubectl, what charts render to, and pods as a kubelet would prepare them, without a cluster."""
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
CHARTS = ROOT / "deploy/k8s"
TOOLS = ROOT / "build/npm-deploy"
HELM, KUBECTL = TOOLS / "bin/helm", TOOLS / "bin/kubectl"


def skip(reason):
    """Ends the program as ctest understands: not passed, not failed."""
    print(f"skipped: {reason}")
    sys.exit(77)


try:
    import yaml
except ImportError:
    skip("python3-yaml is not installed (scripts/install-dependencies deploy)")


def need_tools():
    if shutil.which("node") is None or not HELM.exists():
        skip("helm, kubectl and their validators are not installed (scripts/install-dependencies deploy)")
    try:
        subprocess.run([HELM, "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        skip(f"helm does not run here: {error}")


class _Strict(yaml.SafeLoader):
    """YAML 1.1, as Kubernetes reads it, but a key that stands twice is an error."""


def _mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise AssertionError(f"{twice[0]} stands twice: {node.start_mark}")
    return loader.construct_mapping(node, deep=True)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def documents(text):
    return [document for document in yaml.load_all(text, _Strict) if document]


def helm(*arguments, stdin=""):
    # No cluster and no settings of whoever runs this.
    environment = {**os.environ, "HELM_CONFIG_HOME": "/nonexistent", "HELM_CACHE_HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"}
    return subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True, input=stdin, env=environment, timeout=60)


def kubectl_objects(*arguments, cwd):
    """What a `kubectl create` would send."""
    done = subprocess.run([KUBECTL, *map(str, arguments), "--dry-run=client", "--output=json"], capture_output=True, text=True, cwd=cwd,
                          env={**os.environ, "KUBECONFIG": "/nonexistent"}, timeout=60, check=True)
    return json.loads(done.stdout)


def values_files(chart):
    return sorted((CHARTS / chart / "ci").glob("*-values.yaml"))


def render(chart, *arguments, values=None, namespace="edge"):
    """The objects that a chart makes of its defaults, value files or flags, and values."""
    done = helm("template", chart, CHARTS / chart, "--namespace", namespace, *arguments, *(["--values", "-"] if values else []),
                stdin=json.dumps(values) if values else "")
    if done.returncode != 0:
        raise AssertionError(f"helm template {chart} {arguments}: {done.stderr}")
    return documents(done.stdout)


def of_kind(objects, kind):
    return [one for one in objects if one["kind"] == kind]


def the(objects, kind, name=None):
    found = [one for one in of_kind(objects, kind) if name in (None, one["metadata"]["name"])]
    assert len(found) == 1, f"{kind} {name}: {[(one['kind'], one['metadata']['name']) for one in objects]}"
    return found[0]


def pod_templates(objects):
    """(name, metadata, spec) of everything that becomes a pod."""
    for one in objects:
        if one["kind"] == "Pod":
            yield f"Pod {one['metadata']['name']}", one["metadata"], one["spec"]
        elif "template" in one.get("spec", {}):
            template = one["spec"]["template"]
            yield f"{one['kind']} {one['metadata']['name']}", template["metadata"], template["spec"]


def api_problems(placed):
    """What the descriptions of the API find wrong with [(place, object)], as lines."""
    done = subprocess.run(["node", ROOT / "tests/deploy/node/kubernetes.js", TOOLS / "node_modules"], capture_output=True, text=True,
                          input=json.dumps([{"place": place, "object": one} for place, one in placed]), timeout=120)
    assert done.returncode == 0, done.stderr
    return [f"{found['place']}: {found['problem']}" for found in json.loads(done.stdout)]


class Pod:
    """A container's files and environment as a kubelet prepares them, below a folder of the test. Volumes of ConfigMaps and Secrets
    are links through ..data, which is exchanged as a whole when the object changes. Paths begin at that folder instead of /."""

    _versions = itertools.count()

    def __init__(self, folder, spec, objects, container=0, replace=()):
        self.root = pathlib.Path(folder)
        self.spec = spec
        self.container = spec["containers"][container]
        self.replace = list(replace)
        self._objects = {(one["kind"], one["metadata"]["name"]): one for one in objects}
        self._folders = {}
        for volume in spec["volumes"]:
            place = self.root / "volumes" / volume["name"]
            place.mkdir(parents=True)
            self._folders[volume["name"]] = place
            self.write_volume(volume["name"])
        for mount in sorted(self.container["volumeMounts"], key=lambda one: len(one["mountPath"])):
            at = self.root / mount["mountPath"].lstrip("/")
            at.parent.mkdir(parents=True, exist_ok=True)
            at.symlink_to(self._folders[mount["name"]])

    def here(self, text):
        """Absolute paths of the container, where they are on this machine."""
        for old, new in self.replace:
            text = text.replace(old, new)
        return re.sub(r"(?<![\w./-])/(?=(?:etc|run/secrets|var/lib)/)", f"{self.root}/", text)

    def _content(self, volume):
        if "configMap" in volume:
            found = self._objects["ConfigMap", volume["configMap"]["name"]]
            return {name: self.here(text) for name, text in found["data"].items()}
        if "secret" in volume:
            import base64
            found = self._objects["Secret", volume["secret"]["secretName"]]
            content = {name: base64.b64decode(text).decode() for name, text in found["data"].items()}
            items = volume["secret"].get("items")
            return {item["path"]: content[item["key"]] for item in items} if items else content
        return None  # an empty folder

    def write_volume(self, name):
        volume = next(one for one in self.spec["volumes"] if one["name"] == name)
        content = self._content(volume)
        if content is None:
            return
        place = self._folders[name]
        version = place / f"..2026_01_02_03_04_05.{next(self._versions)}"
        version.mkdir()
        mode = volume.get("secret", volume.get("configMap")).get("defaultMode", 0o644)
        for file, text in content.items():
            (version / file).write_text(text)
            (version / file).chmod(mode)
            if not (place / file).is_symlink():
                (place / file).symlink_to(f"..data/{file}")
        (place / "..data_tmp").symlink_to(version.name)
        before = os.readlink(place / "..data") if (place / "..data").is_symlink() else None
        (place / "..data_tmp").rename(place / "..data")
        for link in place.iterdir():
            if link.is_symlink() and not link.name.startswith("..") and link.name not in content:
                link.unlink()
        if before:
            shutil.rmtree(place / before)

    def update(self, *objects):
        """Objects of these names have changed: the volumes that show them follow."""
        for one in objects:
            key = (one["kind"], one["metadata"]["name"])
            self._objects[key] = one
            for volume in self.spec["volumes"]:
                shown = ("ConfigMap", volume.get("configMap", {}).get("name")), ("Secret", volume.get("secret", {}).get("secretName"))
                if key in shown:
                    self.write_volume(volume["name"])

    @property
    def arguments(self):
        return [self.here(argument) for argument in self.container["args"]]

    @property
    def environment(self):
        return {one["name"]: self.here(one["value"]) for one in self.container.get("env", []) if "value" in one}
