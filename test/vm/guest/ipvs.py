# SPDX-License-Identifier: MIT
"""The kernel's own IPVS as the director of a lab: a fresh namespace, and so fresh IPVS state, for every case."""

import ipaddress
import re
import time

from lab import Inside, Lab, run
from proc import connections, endpoint, services
from wire import Wires

FORWARDING = {"direct": "-g", "tunnel": "-i", "masquerade": "-m"}
SERVICE = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}

# expire_nodest_conn_work_handler() ends the connections of removed servers some time after the command.
FLUSH_SECONDS = 0.5


class IpvsRun:
    def __init__(self, description):
        self.description = description
        self.number = 0

    def steps(self, case):
        """Yields a result for every step: {out, delivered, held, routed, handled, flows}; of a burst only {out}, of a
        look {connections, services}."""
        self.number += 1
        lab = Lab(f"v{self.number}", self.description)
        wires = Wires(lab)
        try:
            configuration = {"services": []}
            configuration = self._change(lab, configuration, case["configuration"])
            with Inside(lab.name):
                readings = Readings()
            for step in case["steps"]:
                if "burst" in step:
                    yield {"out": wires.exchange_all(step["burst"])}
                    continue
                if "look" in step:
                    yield readings.look()
                    continue
                before = readings.take()
                out = []
                if "frame" in step:
                    out = wires.exchange(step["via"], bytes.fromhex(step["frame"]))
                elif "change" in step:
                    configuration = self._change(lab, configuration, step["change"])
                    if step["change"].get("settings", {}).get("expire_nodest_conn"):
                        time.sleep(FLUSH_SECONDS)
                else:
                    time.sleep(step["wait"])
                after = readings.take()
                # Two markers to every wire were routed too.
                after["routed"] -= 2 * len(self.description["wires"])
                yield {"out": out, **{key: after[key] - before[key] for key in after}, "flows": readings.flows()}
        finally:
            wires.close()
            lab.remove()

    @staticmethod
    def _change(lab, old, new):
        """Returns the new configuration. Settings and marks that are left out stay: a fresh namespace has none."""
        rules = "\n".join(changes(old["services"], new["services"])) + "\n"
        settings = dict(new.get("settings", {}))
        timeouts = settings.pop("timeouts", None)
        if "marks" in new and new["marks"] != old.get("marks"):
            mark_packets(lab.name, new["marks"])
        with Inside(lab.name):
            run("ipvsadm", "-R", stdin=rules)
            if timeouts:
                run("ipvsadm", "--set", *(str(timeouts.get(key, 0)) for key in ("tcp", "tcpfin", "udp")))
            for name, value in settings.items():
                lab.sysctl(f"ipv4/vs/{name}", value)
        return new


def changes(old, new):
    """ipvsadm's rules that make of the old services the new ones."""
    before = {service_name(service): service for service in old}
    after = {service_name(service): service for service in new}
    yield from (f"-D {name}" for name in before if name not in after)
    for name, service in after.items():
        known = before.get(name)
        if not known:
            yield f"-A {name} {scheduling(service)}"
        elif scheduling(known) != scheduling(service):
            yield f"-E {name} {scheduling(service)}"
        yield from server_changes(name, known["servers"] if known else [], service["servers"])


def mark_packets(namespace, marks):
    """By the destinations of clients' packets, as iptables would."""
    matches = [(mark["mark"], match) for mark in marks for match in mark["match"]]
    filters = "\n".join(f"filter add dev clients ingress {marking(mark, match)}" for mark, match in matches)
    run("tc", "-n", namespace, "-batch", "-", stdin=f"qdisc replace dev clients clsact\n{filters}\n")


def marking(mark, match):
    network = ipaddress.ip_network(match["destination"])
    family = "ip" if network.version == 4 else "ipv6"
    protocol = f" ip_proto {match['protocol']}" if "protocol" in match else ""
    # Filters of one priority are of one family.
    priority = 2 * (128 - network.prefixlen) + (1 if network.version == 4 else 2)
    return f"protocol {family} prio {priority} flower dst_ip {network}{protocol} action skbedit mark {mark}"


def scheduling(service):
    flags = service.get("schedulerFlags")
    persistence = service.get("persistence")
    options = f"-s {service['scheduler']}" + (f" -b {','.join(flags)}" if flags else "")
    if persistence:
        options += f" -p {persistence['timeout']}"
        options += f" -M {persistence['netmask']}" if "netmask" in persistence else ""
    return options + (" -o" if service.get("onePacket") else "")


def server_changes(name, old, new):
    before = {endpoint(server["rip"], server["port"]): server for server in old}
    after = {endpoint(server["rip"], server["port"]): server for server in new}
    yield from (f"-d {name} -r {to}" for to in before if to not in after)
    for to, server in after.items():
        if before.get(to) != server:
            verb = "-e" if to in before else "-a"
            forwarding = FORWARDING[server["method"]]
            limits = f" -x {server.get('upperThreshold', 0)} -y {server.get('lowerThreshold', 0)}"
            yield f"{verb} {name} -r {to} {forwarding} -w {server['weight']}{limits}{tunnel_options(server)}"


def service_name(service):
    if "mark" in service:
        return f"-f {service['mark']}{' -6' if service.get('family') == 'ipv6' else ''}"
    return f"{SERVICE[service['protocol']]} {endpoint(service['vip'], service['port'])}"


def tunnel_options(server):
    tunnel = server.get("tunnel")
    if not tunnel:
        return ""
    port = f" --tun-port {tunnel['port']}" if "port" in tunnel else ""
    return f" --tun-type {tunnel['type']}{port} {'--tun-csum' if tunnel.get('checksum') else '--tun-nocsum'}"


class Readings:
    """Counters and connections of the namespace it was made in. The files remember it."""

    def __init__(self):
        self.files = {
            name: open(f"/proc/thread-self/net/{name}", encoding="ascii")
            for name in ("snmp", "snmp6", "ip_vs_stats_percpu", "ip_vs_conn", "ip_vs")
        }

    def take(self):
        names, values = [line.split() for line in self._lines("snmp") if line.startswith("Ip:")]
        ip = dict(zip(names, values))
        ip6 = dict(line.split() for line in self._lines("snmp6"))
        per_cpu = [line.split() for line in self._lines("ip_vs_stats_percpu")[2:] if line]
        return {
            "delivered": sum(int(ip[name]) + int(ip6[f"Ip6{name}"]) for name in ("InDelivers", "InUnknownProtos")),
            "held": int(ip["ReasmReqds"]) + int(ip6["Ip6ReasmReqds"]),
            "routed": int(ip["ForwDatagrams"]) + int(ip6["Ip6OutForwDatagrams"]),
            # The total, unlike these, is only brought up to date every other second.
            "handled": sum(int(row[2], 16) + int(row[3], 16) for row in per_cpu if re.fullmatch("[0-9A-F]+", row[0])),
        }

    def flows(self):
        """PROTOCOL CLIENT VIP SERVER STATE, sorted. A connection that was replaced stays for a moment: newest first."""
        found = {}
        for key, line in connections(self._text("ip_vs_conn")):
            found.setdefault(key, line)
        return sorted(found.values())

    def look(self):
        return {
            "connections": sorted(line for _, line in connections(self._text("ip_vs_conn"))),
            "services": services(self._text("ip_vs")),
        }

    def _lines(self, name):
        return self._text(name).splitlines()

    def _text(self, name):
        self.files[name].seek(0)
        return self.files[name].read()
