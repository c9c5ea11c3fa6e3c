"""The images, built from programs that are compiled already, and a pair of them: what the tests of images and of compose run."""
import hashlib
import json
import pathlib
import shutil
import tempfile

from containers import Podman, debian, enter, libraries
from deploy import AGENT, BUILD, CONNECTOR, DOCKER, KEPT, ROOT, skip

LIBRARY_PACKAGES = ("binutils", "ca-certificates")
AGENT_IMAGE, CONNECTOR_IMAGE, BACKEND_IMAGE = "localhost/adit/agent", "localhost/adit/connector", "localhost/adit-test/backend"
VERSION, REVISION = "0.1.0-test", "0123456789abcdef"
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")

# A private server without another image: a connector that answers by itself.
BACKEND = """
listeners: [ { address: "0.0.0.0:8080" } ]
routes: [ { match: { path: /** }, static: { status: 200, body: "hello from the private backend\\n" } } ]
"""


def prepare():
    """Everything that needs the network outside, then the namespaces."""
    archive = debian(sorted({*LIBRARY_PACKAGES, *libraries(CONNECTOR, AGENT)}))
    enter()
    return archive


def build(archive):
    """podman, and the images in its store: the stage that compiles is replaced by programs that are here."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="adit-images-"))
    podman = Podman(directory)
    base = f"localhost/adit-test/{archive.stem}"
    if not podman.has_image(base):
        done = podman("import", archive, base, status=None)
        if done.returncode != 0:
            skip(f"podman cannot keep images here: {done.stderr.strip()[-300:]}")
    out = directory / "out"
    for program, place in ((CONNECTOR, "usr/bin"), (AGENT, "usr/bin"), (BUILD / "libexec/adit/adit-wireguard", "usr/libexec/adit")):
        (out / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(program, out / place)
    (directory / "Containerfile").write_text(f"FROM {base}\nCOPY out /out\n")
    options = ["--quiet", "--network", "none", "--format", "docker"]
    podman("build", *options, "--tag", "adit-test/compiled", directory)
    for image, file in ((AGENT_IMAGE, "agent.Dockerfile"), (CONNECTOR_IMAGE, "connector.Dockerfile")):
        podman("build", *options, "--tag", image, "--build-context", "compile=docker-image://localhost/adit-test/compiled",
               "--build-arg", f"VERSION={VERSION}", "--build-arg", f"REVISION={REVISION}", "-f", DOCKER / file, ROOT)
    (directory / "backend.yaml").write_text(BACKEND)
    (directory / "Containerfile").write_text(f"FROM {CONNECTOR_IMAGE}\nCOPY backend.yaml /etc/adit/connector.yaml\n")
    podman("build", *options, "--tag", BACKEND_IMAGE, directory)
    podman("image", "prune", "--force")
    shutil.rmtree(out)
    return podman
