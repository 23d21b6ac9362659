# SPDX-License-Identifier: MIT
"""IPVS's proc files, which xdirector has too, in words that both can be compared by."""

import ipaddress
import re
import socket


def connections(text):
    """[(key, "PROTOCOL CLIENT VIP SERVER STATE")] in the order of ip_vs_conn; templates are among them."""
    found = []
    for line in text.splitlines()[1:]:
        protocol, *rest = line.split()
        ends = [endpoint(address(rest[at]), int(rest[at + 1], 16)) for at in (0, 2, 4)]
        found.append(((protocol, *ends[:2]), " ".join([protocol.lower(), *ends, rest[6]])))
    return found


def services(text):
    """The lines of ip_vs with services and servers."""
    return [line.rstrip() for line in text.splitlines()[3:]]


def endpoint(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address(text):
    if re.fullmatch("[0-9A-F]{8}", text):
        return socket.inet_ntoa(bytes.fromhex(text))
    return str(ipaddress.ip_address(text))
