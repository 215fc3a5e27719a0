#!/usr/bin/env python3
"""client.py - what the benches ask over Unix sockets, one connection each, without a program for each question.

publish SOCKET PREFIX COUNT [CLIENTS]   that many datasets of one small file each, one after the other at each client
fetch SOCKET PATTERN PREFIX COUNT       subscribes to the pattern, and waits until all of these are held
known SOCKET COUNT                      waits until so many datasets are known
syncthing KEY SENDER RECEIVER           rescans the folder of the sender, waits until the receiver has all of it
"""
import json
import os
import socket
import sys
import time

PATIENCE_S = 1800


class Client:
    """HTTP/1.1 over one connection: http.client takes longer for it than the node does."""

    def __init__(self, path, head=""):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(path)
        self.head = f"Host: node\r\n{head}"
        self.rest = b""

    def ask(self, method, path, body=b"", fine=()):
        """The answer; of a status that is neither 2xx nor one of `fine` nobody hears."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.socket.sendall(
            f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head, _, rest = self.until(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(rest) < length:
            rest += self.more()
        answer, self.rest = rest[:length], rest[length:]
        status = int(head.split(b" ", 2)[1])
        if status >= 300 and status not in fine:
            raise SystemExit(f"{method} {path}: {status} {answer.decode(errors='replace')}")
        return json.loads(answer) if answer.strip() else None

    def until(self, end):
        while end not in self.rest:
            self.rest += self.more()
        return self.rest.partition(end)

    def more(self):
        got = self.socket.recv(1 << 16)
        if not got:
            raise SystemExit("the connection was closed")
        return got


def wait(seen, step_s=0.05):
    """Asks less often the longer an answer takes, so that waiting does not become the work."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        began = time.monotonic()
        if seen():
            return
        time.sleep(max(step_s, 4 * (time.monotonic() - began)))
    raise SystemExit("it did not come about")


def name(prefix, number):
    return f"{prefix}{number:05}"


def publish_some(path, prefix, numbers):
    node = Client(path)
    for number in numbers:
        body = f"Ort;Wert\nMeißen;{number}\nRadebeul;{number * 7919 % 1000}\n".encode()
        upload = node.ask("POST", "/uploads", {"dataset": name(prefix, number), "tier": "members"})["upload"]
        node.ask("PUT", f"/uploads/{upload}/files/werte.csv?modified_ms=1700000000000", body)
        node.ask("POST", f"/uploads/{upload}/commit")


def publish(path, prefix, count, clients=1):
    children = []
    for i in range(clients):
        numbers = range(i, count, clients)
        if clients == 1:
            publish_some(path, prefix, numbers)
            continue
        child = os.fork()
        if child == 0:
            publish_some(path, prefix, numbers)
            os._exit(0)
        children.append(child)
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise SystemExit("a client failed")


def fetch(path, pattern, prefix, count):
    """Waits for the last one, which comes last or nearly so, as asking how many there are takes the node's time."""
    node = Client(path)
    node.ask("POST", "/subscriptions", {"pattern": pattern})
    while not node.ask("GET", f"/wait?path={name(prefix, count - 1)}&wait_ms=30000", fine=(409,)).get("held"):
        pass
    wait(lambda: node.ask("GET", "/status")["datasets"]["held"] >= count)


def known(path, count):
    node = Client(path)
    wait(lambda: node.ask("GET", "/status")["datasets"]["known"] >= count)


def syncthing(key, sender, receiver):
    sender, receiver = (Client(path, f"X-API-Key: {key}\r\n") for path in (sender, receiver))
    sender.ask("POST", "/rest/db/scan?folder=data")
    want = sender.ask("GET", "/rest/db/status?folder=data")

    def there():
        got = receiver.ask("GET", "/rest/db/status?folder=data")
        return got["state"] == "idle" and got["needTotalItems"] == 0 and \
            all(got[name] == want[name] for name in ("globalBytes", "globalFiles")) and \
            got["inSyncBytes"] == got["globalBytes"] and got["sequence"] >= want["sequence"]

    wait(there)


def main():
    words = sys.argv[2:]
    verb = {"publish": publish, "fetch": fetch, "known": known, "syncthing": syncthing}[sys.argv[1]]
    verb(*(int(word) if word.isdigit() else word for word in words))


main()
