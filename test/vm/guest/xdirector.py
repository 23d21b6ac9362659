# SPDX-License-Identifier: MIT
"""xdirector as the director of a lab: one daemon for all cases, since it takes most of a minute to start here.

Cases must not share client addresses: flows of earlier ones are still there.
"""

import time

from daemon import Daemon
from lab import Lab, run
from proc import connections, endpoint, services
from wire import Wires

FLOWS_LIMIT = 10000
# So many that half-open ones do not meet in a line of the table, where few of them may be; each look goes through all.
FLOWS_MAX = 1 << 16


class XdirectorRun:
    def __init__(self, description):
        self.lab = Lab("xd", description)
        self.wires = Wires(self.lab)
        for wire in description["wires"]:
            # Without a program there, a veth takes nothing that was sent by XDP_TX or a redirect.
            far = self.lab.far(wire)
            run("ip", "link", "set", "dev", far, "xdpdrv", "obj", "build/bpf/poll.bpf.o", "sec", "xdp")
        self.daemon = Daemon(self.lab.name, list(description["wires"]), FLOWS_MAX)

    def steps(self, case):
        """Yields a result for every step: {out, flows}; of a burst only {out}, of a look {connections, services}."""
        self.daemon.request("PUT", "/v1/config", {"services": []})
        before = self._connections() if any("look" in step for step in case["steps"]) else set()
        self.daemon.request("PUT", "/v1/config", case["configuration"])
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
                self.daemon.request("PUT", "/v1/config", step["change"])
            else:
                time.sleep(step["wait"])
            yield {"out": out, "flows": self._flows(case["clients"]) if "clients" in case else []}

    def close(self):
        self.daemon.close()
        self.wires.close()
        self.lab.remove()

    def _flows(self, clients):
        listed = self.daemon.request("GET", f"/v1/flows?limit={FLOWS_LIMIT}")["flows"]
        flows = [flow for flow in listed if flow["cip"] in clients]
        return sorted(
            f"{flow['protocol']} {endpoint(flow['cip'], flow['cport'])} {endpoint(flow['vip'], flow['vport'])}"
            f" {flow.get('server', '-')} {flow['state']}"
            for flow in flows
        )

    def _connections(self):
        return {line for _, line in connections(self.daemon.ask("GET", "/v1/compat/proc/net/ip_vs_conn"))}

    def _services(self):
        return services(self.daemon.ask("GET", "/v1/compat/proc/net/ip_vs"))
