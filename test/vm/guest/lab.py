# SPDX-License-Identifier: MIT
"""A director in a namespace of its own between two wires, as test/vectors/lab.json describes it.

The far ends of the wires are in the initial namespace, without addresses: nobody there answers, sends or
resolves anything of its own. Neighbours are permanent entries, so no frame depends on time.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
ETHTOOL_SGRO = 0x2C

# Destinations of walks: the director's own, so that the stack answers for packets that nobody else takes.
DESTINATIONS = ["198.18.0.0/16", "2001:db8:12::/48"]

SYSCTLS = {
    "ipv4/ip_forward": 1,
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv4/conf/all/send_redirects": 0,
    "ipv4/conf/default/send_redirects": 0,
    "ipv4/icmp_ratelimit": 0,
    "ipv6/icmp/ratelimit": 0,
    "ipv6/auto_flowlabels": 0,
    "ipv6/conf/all/accept_dad": 0,
    "ipv6/conf/default/accept_dad": 0,
    "ipv6/conf/all/accept_ra": 0,
    "ipv6/conf/default/accept_ra": 0,
    "ipv6/conf/all/forwarding": 1,
}


def run(*command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}\n{stdin or ''}")
    return done.stdout


class Inside:
    """with Inside(name): the thread is in that namespace; files it opens in /proc/net stay of it."""

    def __init__(self, name):
        self.path = f"/run/netns/{name}"

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.enter(os.open(self.path, os.O_RDONLY))

    def __exit__(self, *_):
        self.enter(self.home)

    def enter(self, descriptor):
        if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {self.path}")
        os.close(descriptor)


class Lab:
    """Far ends are named NAME-WIRE, at most 15 characters; the director's own are named as the wires are."""

    def __init__(self, name, description):
        self.name = name
        self.description = description
        run("ip", "-batch", "-", stdin="\n".join(self._outside()))
        with Inside(name):
            for key, value in SYSCTLS.items():
                self.sysctl(key, value)
            # Checksums are left to hardware that is not there; joined segments are not what was sent.
            for wire in description["wires"]:
                send_as_given(wire)
        for wire in description["wires"]:
            send_as_given(self.far(wire))
        run("ip", "-n", name, "-batch", "-", stdin="\n".join(self._inside()))

    def far(self, wire):
        return f"{self.name}-{wire}"

    @staticmethod
    def sysctl(key, value):
        """Of the namespace the thread is in."""
        with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
            file.write(str(value))

    def remove(self):
        run("ip", "netns", "del", self.name)

    def _outside(self):
        queues = "numtxqueues 1 numrxqueues 1"
        yield f"netns add {self.name}"
        for wire in self.description["wires"]:
            far = self.far(wire)
            yield f"link add name {far} {queues} type veth peer name {wire} {queues} netns {self.name}"
            yield f"link set dev {far} addrgenmode none up"

    def _inside(self):
        yield "link set dev lo up"
        for vip in self.description["vips"]:
            yield f"address add {vip} dev lo"
        yield from (f"route add local {network} dev lo" for network in DESTINATIONS)
        for name, wire in self.description["wires"].items():
            yield f"link set dev {name} address {wire['mac']} mtu {self.description['mtu']} addrgenmode none up"
            for address in wire["addresses"]:
                # Nobody else is there to have it; until that is known it is no source of tunnel packets.
                yield f"address add {address} dev {name}{' nodad' if ':' in address else ''}"
            for neighbour in [wire["gateway"], *wire["neighbours"]]:
                for address in neighbour["addresses"]:
                    yield f"neighbour add {address} lladdr {neighbour['mac']} dev {name} nud permanent"
            for route in wire["routes"]:
                gateway = wire["gateway"]["addresses"][":" in route["to"]]
                mtu = f" mtu {route['mtu']}" if "mtu" in route else ""
                yield f"route add {route['to']} via {gateway} dev {name}{mtu}"
            for vlan in wire["vlans"]:
                yield from self._vlan(name, vlan)

    @staticmethod
    def _vlan(wire, vlan):
        name = f"{wire}.{vlan['id']}"
        yield f"link add link {wire} name {name} type vlan id {vlan['id']}"
        yield f"link set dev {name} addrgenmode none up"
        for address in vlan["addresses"]:
            yield f"address add {address} dev {name}{' nodad' if ':' in address else ''}"
        for neighbour in vlan["neighbours"]:
            for address in neighbour["addresses"]:
                yield f"neighbour add {address} lladdr {neighbour['mac']} dev {name} nud permanent"


def send_as_given(interface):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in (ETHTOOL_STXCSUM, ETHTOOL_SGRO):
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, SIOCETHTOOL, request)
