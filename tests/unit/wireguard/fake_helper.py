#!/usr/bin/python3 -IS
"""Plays the WireGuard helper without any WireGuard: keeps devices and peers in memory, echoes every connection, and fails
in the way that the port of a dial asks for."""
import json
import os
import signal
import socket
import sys
import threading

control = socket.socket(fileno=3)
devices = {}
AT_ONCE = 400  # peers in one reply


def say(message, connection=None):
    text = json.dumps(message).encode()
    try:
        if connection is None:
            control.send(text)
        else:
            socket.send_fds(control, [text], [connection.fileno()])
            connection.close()
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)


def echo(end):
    while data := end.recv(65536):
        end.sendall(data)
    end.shutdown(socket.SHUT_WR)


def connection():
    ours, theirs = socket.socketpair()
    threading.Thread(target=echo, args=(ours,), daemon=True).start()
    return theirs


def surroundings():
    """What a test wants to know of how this process was started."""
    with open("/proc/self/environ", "rb") as file:
        environment = len(file.read())
    open_ones = [fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return f"environment {environment}, arguments {len(sys.argv) - 1}, descriptors {','.join(sorted(open_ones))}, " \
           f"blocked {len(blocked)}, leader {os.getpgid(0) == os.getpid()}"


def refuse(reason, words):
    return {"error": words, "reason": reason}


def open_device(request):
    if request["bind"].endswith(":9"):
        return refuse("address_in_use", "the port 9 is taken")
    host, port = request["bind"].rsplit(":", 1)
    name = request["device"]
    devices[name] = {"bind": f"{host}:{port if port != '0' else 40000 + os.getpid() % 20000}", "peers": {}, "told": []}
    return {"bind": devices[name]["bind"]}


def change_peers(request):
    device = devices[request["device"]]
    add, remove = request.get("add", []), request.get("remove", [])
    device["told"].append((len(add), len(remove)))
    if any(peer["address"] == "10.77.66.66" for peer in add):
        return refuse("invalid", "address: 10.77.66.66 is not to be had")
    for key in remove:
        device["peers"].pop(key)
    for peer in add:
        device["peers"][peer["public_key"]] = peer
    return {}


def part(peers, after):
    """What of a long list follows this key, and whether there is still more."""
    rest = [key for key in sorted(peers) if key > after]
    return rest[:AT_ONCE], len(rest) > AT_ONCE


def statistics(request):
    device = devices[request["device"]]
    keys, more = part(device["peers"], request.get("after", ""))
    # Counts how often peers were changed, and by how many: bytes mean nothing here.
    return {"peers": [{"public_key": key, "endpoint": device["peers"][key]["endpoint"],
                       "handshake": 1_700_000_000_000_000_000, "received": len(device["told"]),
                       "sent": sum(map(sum, device["told"]))} for key in keys], "dropped": 0, "more": more}


def dial(request):
    port = int(request["to"].rsplit(":", 1)[1])
    if port == 1:
        os._exit(3)
    if port == 2:
        control.send(b"what is this?")
    if port == 3:
        threading.Event().wait()
    if port == 4:
        return refuse("connection_refused", "nobody listens")
    if port == 5:
        return refuse("connection_timeout", "no answer")
    if port == 6:
        return {"from": "10.77.0.2:40000"}
    if port == 7:
        say({"event": "accepted", "device": request["device"], "from": "10.77.0.9:999"}, connection())
        say({"event": "log", "level": "warn", "words": "a peer was accepted"})
    if port == 8:
        return refuse("failed", surroundings())
    if port == 10:
        for oddity in ({"id": -5, "ok": True}, {"id": 7}, {"id": None, "error": "what?"}, {"event": "unheard of"},
                       {"event": "accepted", "device": request["device"], "from": 5}):
            say(oddity)
    return {"from": "10.77.0.2:40000", "connection": connection()}


def describe(request):
    keys, more = part([key for device in devices.values() for key in device["peers"]], request.get("after", ""))
    return {"devices": [{"device": name, "bind": device["bind"], "peers": [key for key in keys if key in device["peers"]]}
                        for name, device in devices.items()], "more": more}


def close(request):
    del devices[request["device"]]
    return {}


KNOWN = {"open": open_device, "peers": change_peers, "statistics": statistics, "dial": dial, "describe": describe,
         "close": close}

def receive():
    try:
        return control.recv(128 * 1024)
    except ConnectionResetError:
        return b""


while message := receive():
    asked = json.loads(message)
    if asked["request"] != "open" and asked.get("device", None) not in devices and "device" in asked:
        answer = refuse("invalid", f"there is no device {asked['device']}")
    else:
        answer = KNOWN[asked["request"]](asked)
    descriptor = answer.pop("connection", None)
    say({"id": asked["id"], **({} if "error" in answer else {"ok": True}), **answer}, descriptor)
