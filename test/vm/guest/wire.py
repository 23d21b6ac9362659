# SPDX-License-Identifier: MIT
"""The far ends of a lab's wires: frames in, and everything that comes out because of them."""

import ipaddress
import select
import socket
import struct
from itertools import groupby

ETH_P_ALL = 3
ETH_P_8021Q = 0x8100
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
AUXDATA = struct.Struct("IIIHHHH")  # struct tpacket_auxdata
GUARD_SECONDS = 60
# Frames in flight: a veth with a program takes 256.
BURST = 64
MAGIC = b"xdirector-marker"


class Wires:
    def __init__(self, lab):
        self.lab = lab
        self.sockets = {wire: open_far_end(lab.far(wire)) for wire in lab.description["wires"]}
        self.sequence = 0

    def close(self):
        for end in self.sockets.values():
            end.close()

    def exchange(self, wire, frame):
        """Sends a frame in on a wire. Returns what came out, in order by wire: [{via, frame}].

        There is no waiting for silence: a marker, routed by the director's stack to every wire, follows the frame.
        What the frame causes is queued before the marker, except that XDP_TX leaves at the end of the poll that
        a marker may share with it; so a second marker follows the first, which no poll can share with the frame.
        """
        self.sockets[wire].send(frame)
        return self._pass_marker(wire) + self._pass_marker(wire)

    def exchange_all(self, frames):
        """Sends [{via, frame}...], as fast as can be while it is their order. Returns what came out, as exchange()."""
        found = []
        for wire, group in groupby(frames, key=lambda frame: frame["via"]):
            hexadecimal = [frame["frame"] for frame in group]
            for first in range(0, len(hexadecimal), BURST):
                for each in hexadecimal[first : first + BURST]:
                    self.sockets[wire].send(bytes.fromhex(each))
                found += self._pass_marker(wire) + self._pass_marker(wire)
        return found

    def _pass_marker(self, wire):
        self.sequence += 1
        payload = MAGIC + struct.pack("!I", self.sequence)
        for target in self.sockets:
            self.sockets[wire].send(self._marker(wire, target, payload))
        found = []
        for out in self.sockets:
            found += self._until_marker(out, payload)
        return found

    def _until_marker(self, wire, payload):
        found = []
        while True:
            readable, _, _ = select.select([self.sockets[wire]], [], [], GUARD_SECONDS)
            if not readable:
                raise RuntimeError(f"no marker came out on {wire}; before it: {found}")
            frame, kind = receive(self.sockets[wire])
            if frame.endswith(payload):
                if kind != socket.PACKET_OUTGOING:
                    return found
            elif kind != socket.PACKET_OUTGOING and not frame[0] & 1:
                found.append({"via": wire, "frame": frame.hex()})

    def _marker(self, wire, target, payload):
        near, far = (self.lab.description["wires"][each] for each in (wire, target))
        source, destination = (ipaddress.ip_address(each["gateway"]["addresses"][0]) for each in (near, far))
        length = 28 + len(payload)
        header = struct.pack("!BBHIBBH", 0x45, 0, length, 0, 64, socket.IPPROTO_UDP, 0)
        header += source.packed + destination.packed
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        udp = struct.pack("!HHHH", 9, 9, 8 + len(payload), 0)
        return mac(near["mac"]) + mac(near["gateway"]["mac"]) + b"\x08\x00" + header + udp + payload


def receive(end):
    """A frame as it was on the wire: the kernel takes the VLAN tag out and tells it apart."""
    frame, told, _, (_, _, kind, _, _) = end.recvmsg(65536, socket.CMSG_SPACE(AUXDATA.size))
    for level, name, data in told:
        if (level, name) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tag, protocol = AUXDATA.unpack(data[: AUXDATA.size])
            if status & TP_STATUS_VLAN_VALID:
                kept = protocol if status & TP_STATUS_VLAN_TPID_VALID else ETH_P_8021Q
                frame = frame[:12] + struct.pack("!HH", kept, tag) + frame[12:]
    return frame, kind


def open_far_end(interface):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    end.bind((interface, ETH_P_ALL))
    return end


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
