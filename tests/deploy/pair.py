"""The images, built from programs that are compiled already, and a pair of them: what the tests of images and of compose run."""
import http.client
import pathlib
import shutil
import tempfile
import threading

from containers import Podman, debian, enter, libraries
from deploy import AGENT, BUILD, CONNECTOR, DOCKER, ROOT, skip

HELPER = BUILD / "libexec/adit/adit-wireguard"
LIBRARY_PACKAGES = ("binutils", "ca-certificates")
AGENT_IMAGE, CONNECTOR_IMAGE, BACKEND_IMAGE = "localhost/adit/agent", "localhost/adit/connector", "localhost/adit-test/backend"
VERSION, REVISION = "0.1.0-test", "0123456789abcdef"
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")

# A private server without another image: a connector that answers by itself.
BACKEND = """
listeners: [ { address: "0.0.0.0:8080" } ]
routes: [ { match: { path: /** }, static: { status: 200, body: "hello from the private backend\\n" } } ]
"""


class Clients:
    """Ask all the time, each over a connection of its own, and note what they get: a status, or what went wrong."""

    def __init__(self, host, port, count=4):
        self.answers, self._over = [], threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(host, port)) for _ in range(count)]

    def _ask(self, host, port):
        connection = http.client.HTTPConnection(host, port, timeout=20)
        while not self._over.is_set():
            try:
                connection.request("GET", "/x")
                response = connection.getresponse()
                body = response.read()
                self.answers.append(200 if response.status == 200 else body.decode())
            except (OSError, http.client.HTTPException) as error:
                self.answers.append(repr(error))
                connection.close()
        connection.close()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self.answers

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def prepare():
    """Everything that needs the network outside, then the namespaces."""
    if not HELPER.exists():
        skip("this build has no WireGuard in user space (ADIT_WIREGUARD), which the images hold")
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
    # What a machine forbids shows with another's image, before any of ours.
    podman("network", "create", "probe")
    done = podman("run", "--rm", "--network", "probe", base, "true", status=None)
    if done.returncode != 0:
        skip(f"podman cannot run containers on networks of their own here: {done.stderr.strip()[-300:]}")
    podman("network", "rm", "probe")
    out = directory / "out"
    for program, place in ((CONNECTOR, "usr/bin"), (AGENT, "usr/bin"), (HELPER, "usr/libexec/adit")):
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
