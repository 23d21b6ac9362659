# SPDX-License-Identifier: MIT
"""xdirector as the director of a lab: one daemon for all cases, since it takes most of a minute to start here.

Cases must not share client addresses: flows of earlier ones are still there.
"""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

from lab import Lab, run
from proc import connections, endpoint, services
from wire import Wires

GUARD_SECONDS = 300
FLOWS_LIMIT = 10000
# So many that half-open ones do not meet in a line of the table, where few of them may be.
FLOWS_MAX = 1 << 19


class XdirectorRun:
    def __init__(self, description):
        self.lab = Lab("xd", description)
        self.wires = Wires(self.lab)
        self.folder = tempfile.mkdtemp()
        self.socket = os.path.join(self.folder, "sock")
        for wire in description["wires"]:
            # Without a program there, a veth takes nothing that was sent by XDP_TX or a redirect.
            far = self.lab.far(wire)
            run("ip", "link", "set", "dev", far, "xdpdrv", "obj", "build/bpf/poll.bpf.o", "sec", "xdp")
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf8")
        self.daemon = self._start(description)

    def _start(self, description):
        # `ip netns exec` puts a fresh /sys over the machine's bpffs.
        bpffs = os.path.join(self.folder, "bpf")
        os.mkdir(bpffs)
        run("mount", "-t", "bpf", "bpf", bpffs)
        interfaces = [argument for wire in description["wires"] for argument in ("-i", wire)]
        paths = ["--pin-dir", f"{bpffs}/xdirector", "--state-dir", f"{self.folder}/state", "--socket", self.socket]
        command = ["node", "build/ts/src/main.js", "run", *interfaces, *paths, "--max-flows", str(FLOWS_MAX)]
        return subprocess.Popen(["ip", "netns", "exec", self.lab.name, *command], stdout=self.log, stderr=self.log)

    def wait_until_ready(self):
        """Returns what the daemon said."""
        end = time.monotonic() + GUARD_SECONDS
        while time.monotonic() < end:
            said = self.said()
            if "ready: " in said:
                return said
            if self.daemon.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError(f"the daemon did not start: {self.said()}")

    def said(self):
        with open(self.log.name, encoding="utf8") as log:
            return log.read()

    def steps(self, case):
        """Yields a result for every step: {out, flows}; of a burst only {out}, of a look {connections, services}."""
        self._request("PUT", "/v1/config", {"services": []})
        before = self._connections() if any("look" in step for step in case["steps"]) else set()
        self._request("PUT", "/v1/config", case["configuration"])
        for step in case["steps"]:
            if "burst" in step:
                yield {"out": self.wires.exchange_all(step["burst"])}
                continue
            if "look" in step:
                yield {"connections": sorted(self._connections() - before), "services": self._services()}
                continue
            out = []
            if "frame" in step:
                out = self.wires.exchange(step["via"], bytes.fromhex(step["frame"]))
            elif "change" in step:
                self._request("PUT", "/v1/config", step["change"])
            else:
                time.sleep(step["wait"])
            yield {"out": out, "flows": self._flows(case["clients"]) if "clients" in case else []}

    def close(self):
        self.daemon.terminate()
        self.daemon.wait()
        self.wires.close()
        self.lab.remove()

    def _flows(self, clients):
        listed = self._request("GET", f"/v1/flows?limit={FLOWS_LIMIT}")["flows"]
        flows = [flow for flow in listed if flow["cip"] in clients]
        return sorted(
            f"{flow['protocol']} {endpoint(flow['cip'], flow['cport'])} {endpoint(flow['vip'], flow['vport'])}"
            f" {flow.get('server', '-')} {flow['state']}"
            for flow in flows
        )

    def _connections(self):
        return {line for _, line in connections(self._ask("GET", "/v1/compat/proc/net/ip_vs_conn"))}

    def _services(self):
        return services(self._ask("GET", "/v1/compat/proc/net/ip_vs"))

    def _request(self, method, path, body=None):
        text = self._ask(method, path, body)
        return json.loads(text) if text else None

    def _ask(self, method, path, body=None):
        connection = UnixConnection(self.socket)
        headers = {"content-type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text}")
        return text


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=GUARD_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)
