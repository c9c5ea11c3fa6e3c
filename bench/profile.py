"""Runs the Adit pair under load with a profiler on each process and prints the costliest functions. An argument names another of
systems.py, such as adit-policies."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import systems


def perf_works():
    return shutil.which("perf") is not None and subprocess.run(["perf", "record", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def fields(pair):
    return [part for field in pair.fields for part in ("-H", field)]


def with_perf(pair, directory):
    recorders = [subprocess.Popen(["perf", "record", "-q", "-g", "-p", str(process.pid), "-o", directory / role, "--", "sleep", "5"]) for role, process in pair.processes.items()]
    subprocess.run(["taskset", "-c", systems.LOAD_CORE, "wrk", "-t1", "-c64", "-d6s", *fields(pair), f"http://127.0.0.1:{pair.port}/1k"], check=True)
    for recorder, role in zip(recorders, pair.processes):
        recorder.wait()
        print(f"\n== {role}: self time")
        subprocess.run(f"perf report -i {directory / role} --no-children -g none --percent-limit 0.7 --stdio 2>/dev/null | grep -v '^#' | grep -v '^$' | head -40", shell=True)


def with_callgrind(pair, directory):
    for role, process in list(pair.processes.items()):
        arguments = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        process.terminate()
        process.wait()
        pair.spawn(role, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory / role}", "--collect-atstart=yes", *arguments])
    pair.wait()
    subprocess.run(["h2load", "--h1", "-c32", "-n20000", *fields(pair), f"http://127.0.0.1:{pair.port}/1k"], check=True, stdout=subprocess.DEVNULL)
    pair.stop()
    time.sleep(1)
    for role in pair.processes:
        print(f"\n== {role}: instructions")
        subprocess.run(f"callgrind_annotate {directory / role} | head -50", shell=True)


with tempfile.TemporaryDirectory(prefix="adit-profile-") as name:
    directory = pathlib.Path(name)
    systems.make_certificates(directory)
    port, backend = systems.start_backend(directory)
    pair = systems.ALL[sys.argv[1] if len(sys.argv) > 1 else "adit"](directory, port, directory)
    try:
        pair.start()
        pair.wait()
        (with_perf if perf_works() else with_callgrind)(pair, directory)
    finally:
        pair.stop()
        backend.terminate()
        backend.wait()
