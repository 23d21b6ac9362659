# SPDX-License-Identifier: MIT
"""xdirector's daemon in a namespace of the VM, and its REST API."""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

from lab import run

GUARD_SECONDS = 300


class Daemon:
    def __init__(self, namespace, interfaces, max_flows):
        folder = tempfile.mkdtemp()
        self.socket = os.path.join(folder, "sock")
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf8")
        # `ip netns exec` puts a fresh /sys over the machine's bpffs.
        bpffs = os.path.join(folder, "bpf")
        os.mkdir(bpffs)
        run("mount", "-t", "bpf", "bpf", bpffs)
        attach = [argument for interface in interfaces for argument in ("-i", interface)]
        paths = ["--pin-dir", f"{bpffs}/xdirector", "--state-dir", f"{folder}/state", "--socket", self.socket]
        command = ["node", "build/ts/src/main.js", "run", *attach, *paths, "--max-flows", str(max_flows)]
        inside = ["ip", "netns", "exec", namespace, *command]
        self.process = subprocess.Popen(inside, stdout=self.log, stderr=self.log)

    def wait_until_ready(self):
        """Returns what the daemon said."""
        end = time.monotonic() + GUARD_SECONDS
        while time.monotonic() < end:
            said = self.said()
            if "ready: " in said:
                return said
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError(f"the daemon did not start: {self.said()}")

    def said(self):
        with open(self.log.name, encoding="utf8") as log:
            return log.read()

    def request(self, method, path, body=None):
        text = self.ask(method, path, body)
        return json.loads(text) if text else None

    def ask(self, method, path, body=None):
        """Returns the answer's text."""
        connection = UnixConnection(self.socket)
        headers = {"content-type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text}")
        return text

    def close(self):
        self.process.terminate()
        self.process.wait()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=GUARD_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)
