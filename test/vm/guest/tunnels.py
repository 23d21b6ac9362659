# SPDX-License-Identifier: MIT
"""In the VM: real TCP through every tunnel to a real server that opens it with the kernel's own devices.

  client ---- director ---- router --(narrower)-- server ---- client
                                                  (answers go back by a link of their own)

Reads [{name, vip, rip, tunnel}...] from stdin and writes {NAME: {same, mtu}} to stdout: whether what the client sent came
back unchanged, and what it knows of the path's MTU afterwards. A text instead says what went wrong.
"""

import json
import os
import re
import socket
import sys
import threading

from daemon import Daemon
from lab import Inside, run

PORT = 80
GUE_PORT = 6080
FLOWS_MAX = 4096
NARROW = 1400
GUARD_SECONDS = 120
# Some two hundred packets.
SENT = os.urandom(250_001)

MODULES = ["ipip", "sit", "ip6_tunnel", "ip_gre", "ip6_gre", "fou", "fou6"]
NAMESPACES = ["client", "director", "router", "server"]
LINKS = [
    ("client", "eth0", ["10.88.0.2/16", "2001:db8:88::2/64"], "director", "outside", ["10.88.0.1/16", "2001:db8:88::1/64"]),
    ("director", "inside", ["172.31.0.1/24", "2001:db8:31::1/64"], "router", "eth0", ["172.31.0.2/24", "2001:db8:31::2/64"]),
    ("router", "eth1", ["172.32.0.1/24", "2001:db8:32::1/64"], "server", "eth0", ["172.32.0.11/24", "2001:db8:32::11/64"]),
    ("client", "eth1", ["10.89.0.2/24", "2001:db8:89::2/64"], "server", "eth1", ["10.89.0.11/24", "2001:db8:89::11/64"]),
]
# Where GRE has checksums: the kernel wants to know beforehand.
SUMMED = {"4": "172.32.0.12", "6": "2001:db8:32::12"}
DIPS = {"4": "172.31.0.1", "6": "2001:db8:31::1"}
RIPS = {"4": "172.32.0.11", "6": "2001:db8:32::11"}


def build(rows):
    run("modprobe", "-a", *MODULES)
    for name in NAMESPACES:
        run("ip", "netns", "add", name)
        inside(name, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        inside(name, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
        run("ip", "-n", name, "link", "set", "lo", "up")
    for one, port, addresses, other, other_port, other_addresses in LINKS:
        peer = ["peer", "name", other_port, "netns", other]
        run("ip", "-n", one, "link", "add", "name", port, "type", "veth", *peer)
        bring_up(one, port, addresses)
        bring_up(other, other_port, other_addresses)
    for name in ("director", "router"):
        inside(name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    for name, port in (("router", "eth1"), ("server", "eth0")):
        run("ip", "-n", name, "link", "set", port, "mtu", str(NARROW))
    # Without a program there, a veth takes nothing that was sent by XDP_TX or a redirect.
    for name in ("client", "router"):
        run("ip", "-n", name, "link", "set", "dev", "eth0", "xdpdrv", "obj", "build/bpf/poll.bpf.o", "sec", "xdp")
    routes()
    for row in rows:
        prefix = "64" if ":" in row["vip"] else "16"
        run("ip", "-n", "director", "address", "add", f"{row['vip']}/{prefix}", "dev", "outside")
        run("ip", "-n", "server", "address", "add", row["vip"], "dev", "lo")
    open_tunnels()


def bring_up(name, port, addresses):
    inside(name, "ethtool", "-K", port, "tx", "off")
    for address in addresses:
        run("ip", "-n", name, "address", "add", address, "dev", port)
    run("ip", "-n", name, "link", "set", port, "up")


def routes():
    for to, by in (("172.32.0.0/24", "172.31.0.2"), ("2001:db8:32::/64", "2001:db8:31::2")):
        run("ip", "-n", "director", "route", "add", to, "via", by)
    for to, by in (("default", "172.32.0.1"), ("10.88.0.0/16", "10.89.0.2")):
        run("ip", "-n", "server", "route", "add", to, "via", by)
    for to, by in (("default", "2001:db8:32::1"), ("2001:db8:88::/64", "2001:db8:89::2")):
        run("ip", "-n", "server", "-6", "route", "add", to, "via", by)


def open_tunnels():
    """tunl0 and sit0 take IP in IPv4 from anybody; the others are told their director."""
    for address in SUMMED.values():
        run("ip", "-n", "server", "address", "add", address, "dev", "eth0")
    ends = {version: ["local", RIPS[version], "remote", DIPS[version]] for version in RIPS}
    summed = {version: ["local", SUMMED[version], "remote", DIPS[version], "icsum"] for version in RIPS}
    for name, *device in (
        ("ip6", "type", "ip6tnl", *ends["6"], "mode", "any"),
        ("gre4", "type", "gre", *ends["4"]),
        ("gre6", "type", "ip6gre", *ends["6"]),
        ("gre4sum", "type", "gre", *summed["4"]),
        ("gre6sum", "type", "ip6gre", *summed["6"]),
    ):
        run("ip", "-n", "server", "link", "add", "name", name, *device)
    for name in ("tunl0", "sit0", "ip6", "gre4", "gre6", "gre4sum", "gre6sum"):
        run("ip", "-n", "server", "link", "set", name, "up")
        inside("server", "sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    for family in ("-4", "-6"):
        inside("server", "ip", family, "fou", "add", "port", str(GUE_PORT), "gue")


def inside(name, *command):
    return run("ip", "netns", "exec", name, *command)


def echo_forever():
    """Every connection to the server gets back what it says."""
    with Inside("server"):
        listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection):
    with connection:
        while said := connection.recv(65536):
            connection.sendall(said)


def exchange(vip):
    """What comes back, from a client's socket."""
    with Inside("client"):
        family = socket.AF_INET6 if ":" in vip else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(GUARD_SECONDS)
        connection.connect((vip, PORT))
        threading.Thread(target=connection.sendall, args=(SENT,), daemon=True).start()
        received = bytearray()
        while len(received) < len(SENT):
            said = connection.recv(65536)
            if not said:
                raise RuntimeError(f"the connection ended after {len(received)} bytes")
            received += said
        return bytes(received)


def known_mtu(vip):
    route = run("ip", "-n", "client", "route", "get", vip)
    found = re.search(r"\bmtu (\d+)", route)
    return int(found[1]) if found else None


def service(row):
    server = {"rip": row["rip"], "port": PORT, "method": "tunnel", "tunnel": row["tunnel"], "weight": 1}
    return {"protocol": "tcp", "vip": row["vip"], "port": PORT, "scheduler": "rr", "servers": [server]}


def outcome(row):
    try:
        return {"same": exchange(row["vip"]) == SENT, "mtu": known_mtu(row["vip"])}
    except (RuntimeError, OSError) as error:
        return f"{type(error).__name__}: {error}"


def main():
    if os.environ.get("VMRUN") != "1":
        sys.exit("this builds namespaces with fixed names: run it by vmrun, in a VM of its own")
    rows = json.load(sys.stdin)
    build(rows)
    threading.Thread(target=echo_forever, daemon=True).start()
    daemon = Daemon("director", ["outside", "inside"], FLOWS_MAX)
    daemon.wait_until_ready()
    daemon.request("PUT", "/v1/config", {"services": [service(row) for row in rows]})
    json.dump({row["name"]: outcome(row) for row in rows}, sys.stdout)
    daemon.close()


main()
