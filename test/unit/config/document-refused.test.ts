// SPDX-License-Identifier: MIT
// What the native document may not say, and how that is called.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDocument } from "../../../src/config/parse-document.ts";
import type { ErrorDetail } from "../../../src/errors.ts";

const SERVICE = { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr" };
const SERVER = { rip: "10.0.0.1", method: "direct" };

function withServer(server: object): object {
  return { services: [{ ...SERVICE, servers: [{ ...SERVER, ...server }] }] };
}

/** A value, the code it is refused with, and the details as `field: message`. */
const REFUSED: readonly [what: string, value: unknown, code: string, ...details: string[]][] = [
  ["null", null, "INVALID_VALUE", "document: must be an object"],
  ["a list", [], "INVALID_VALUE", "document: must be an object"],
  ["no services", {}, "INVALID_VALUE", "services: is required"],
  ["services by name", { services: {} }, "INVALID_VALUE", "services: must be an array"],
  ["an unknown field at the top", { services: [], vips: [] }, "INVALID_VALUE", "vips: is not a known field"],
  [
    "an unknown field called __proto__",
    JSON.parse('{"services": [], "__proto__": {}}'),
    "INVALID_VALUE",
    "__proto__: is not a known field",
  ],
  [
    "a service without its name",
    { services: [{}] },
    "INVALID_VALUE",
    "services[0].scheduler: is required",
    "services[0].protocol: is required",
    "services[0].vip: is required",
    "services[0].port: is required",
  ],
  [
    "an unknown protocol",
    { services: [{ ...SERVICE, protocol: "icmp" }] },
    "INVALID_VALUE",
    "services[0].protocol: must be one of tcp, udp, sctp",
  ],
  [
    "a host name as VIP",
    { services: [SERVICE, { ...SERVICE, vip: "example.org" }] },
    "INVALID_VALUE",
    "services[1].vip: must be an IPv4 or IPv6 address",
  ],
  [
    "a VIP with a zone",
    { services: [{ ...SERVICE, vip: "fe80::1%eth0" }] },
    "INVALID_VALUE",
    "services[0].vip: must be an IPv4 or IPv6 address",
  ],
  [
    "an unknown scheduler",
    { services: [{ ...SERVICE, scheduler: "xyz" }] },
    "UNKNOWN_SCHEDULER",
    'services[0].scheduler: unknown scheduler "xyz" (known: rr, wrr, lc, wlc, sed, nq, lblc, lblcr, dh, sh, mh, fo, ovf, twos)',
  ],
  ["port 70000", { services: [{ ...SERVICE, port: 70000 }] }, "INVALID_VALUE", "services[0].port: must be <= 65535"],
  [
    "port 0",
    { services: [{ ...SERVICE, port: 0 }] },
    "INVALID_VALUE",
    "services[0].port: only a persistent service has port 0",
  ],
  [
    "a mark beside an address",
    { services: [{ ...SERVICE, mark: 7 }] },
    "INVALID_VALUE",
    "services[0]: has fields that exclude each other",
  ],
  [
    "a family without a mark",
    { services: [{ ...SERVICE, family: "ipv6" }] },
    "INVALID_VALUE",
    "services[0].family: is not a known field",
  ],
  [
    "another scheduler's flag",
    { services: [SERVICE, { ...SERVICE, port: 81, schedulerFlags: ["flag-1", "sh-port"] }] },
    "INVALID_VALUE",
    "services[1].schedulerFlags: sh-port is a flag of scheduler sh, not of rr",
  ],
  [
    "a prefix length for IPv4",
    { services: [{ ...SERVICE, persistence: { timeout: 60, netmask: 24 } }] },
    "INVALID_VALUE",
    "services[0].persistence.netmask: must be a mask like 255.255.255.0",
  ],
  [
    "a mask for IPv6",
    { services: [{ mark: 7, family: "ipv6", scheduler: "rr", persistence: { timeout: 60, netmask: "255.0.0.0" } }] },
    "INVALID_VALUE",
    "services[0].persistence.netmask: must be a prefix length from 1 to 128",
  ],
  [
    "a netmask that is neither",
    { services: [{ ...SERVICE, persistence: { timeout: 60, netmask: true } }] },
    "INVALID_VALUE",
    "services[0].persistence.netmask: must be a string or an integer",
  ],
  [
    "one-packet scheduling of TCP",
    { services: [{ ...SERVICE, onePacket: true }] },
    "INVALID_VALUE",
    "services[0].onePacket: tcp 192.0.2.1:80 is not UDP: it cannot be one-packet",
  ],
  [
    "an MSS clamp of UDP",
    { services: [{ ...SERVICE, protocol: "udp", mssClamp: 1360 }] },
    "INVALID_VALUE",
    "services[0].mssClamp: udp 192.0.2.1:80 is not TCP: it has no MSS",
  ],
  [
    "a lower threshold above the upper one",
    withServer({ upperThreshold: 3, lowerThreshold: 4 }),
    "INVALID_VALUE",
    "services[0].servers[0].lowerThreshold: 4 is above the upper threshold 3",
  ],
  [
    "a port in text",
    { services: [{ ...SERVICE, port: "80" }] },
    "INVALID_VALUE",
    "services[0].port: must be an integer",
  ],
  ["weight -1", withServer({ weight: -1 }), "INVALID_VALUE", "services[0].servers[0].weight: must be >= 0"],
  ["weight 1.5", withServer({ weight: 1.5 }), "INVALID_VALUE", "services[0].servers[0].weight: must be an integer"],
  [
    "a weight above INT32_MAX",
    withServer({ weight: 2 ** 31 }),
    "INVALID_VALUE",
    "services[0].servers[0].weight: must be <= 2147483647",
  ],
  ["weight null", withServer({ weight: null }), "INVALID_VALUE", "services[0].servers[0].weight: must be an integer"],
  [
    "an unknown method",
    withServer({ method: "nat" }),
    "INVALID_VALUE",
    "services[0].servers[0].method: must be one of direct, tunnel, masquerade",
  ],
  [
    "several mistakes at once",
    withServer({ rip: 1, weight: -1, wait: true }),
    "INVALID_VALUE",
    "services[0].servers[0].wait: is not a known field",
    "services[0].servers[0].rip: must be a string",
    "services[0].servers[0].weight: must be >= 0",
  ],
  [
    "the same service twice, spelt differently",
    {
      services: [
        { ...SERVICE, vip: "2001:db8::1" },
        { ...SERVICE, vip: "2001:DB8:0::1" },
      ],
    },
    "SERVICE_EXISTS",
    "services[1]: duplicate service tcp [2001:db8::1]:80",
  ],
  [
    "the same server twice",
    { services: [{ ...SERVICE, servers: [SERVER, SERVER] }] },
    "SERVER_EXISTS",
    "services[0].servers[1]: duplicate server 10.0.0.1:80 of service tcp 192.0.2.1:80",
  ],
  [
    "an IPv6 real server under an IPv4 service",
    withServer({ rip: "2001:db8::2" }),
    "INVALID_VALUE",
    "services[0].servers[0].rip: ipv6 server 2001:db8::2 under ipv4 service tcp 192.0.2.1:80",
  ],
  [
    "another port under direct routing",
    withServer({ port: 8080 }),
    "INVALID_VALUE",
    "services[0].servers[0].port: direct cannot map ports: port 8080 must be the service's 80",
  ],
  [
    "masquerading to the other family",
    withServer({ rip: "2001:db8::2", method: "masquerade" }),
    "INVALID_VALUE",
    "services[0].servers[0].rip: ipv6 server 2001:db8::2 under ipv4 service tcp 192.0.2.1:80",
  ],
  [
    "an unknown tunnel type",
    withServer({ method: "tunnel", tunnel: { type: "vxlan" } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.type: must be one of ipip, gue, gre",
  ],
  [
    "tunnel port 0",
    withServer({ method: "tunnel", tunnel: { type: "gue", port: 0 } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.port: must be >= 1",
  ],
  [
    "a tunnel that does not say whether it sends checksums",
    withServer({ method: "tunnel", tunnel: { type: "gre", checksum: "yes" } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.checksum: must be a boolean",
  ],
  [
    "GUE without a port",
    withServer({ method: "tunnel", tunnel: { type: "gue" } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.port: gue needs the server's UDP port",
  ],
  [
    "GRE with a port",
    withServer({ method: "tunnel", tunnel: { type: "gre", port: 1 } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.port: gre has no port",
  ],
  [
    "IPIP with a checksum",
    withServer({ method: "tunnel", tunnel: { type: "ipip", checksum: true } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.checksum: ipip has no checksum",
  ],
  [
    "remote checksum offload without GUE",
    withServer({ method: "tunnel", tunnel: { type: "gre", remoteChecksum: true } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.remoteChecksum: gre has no remote checksum offload",
  ],
  [
    "remote checksum offload beside a checksum",
    withServer({ method: "tunnel", tunnel: { type: "gue", port: 1, checksum: true, remoteChecksum: true } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel.remoteChecksum: either a checksum is sent or remote checksum offload is used",
  ],
  [
    "a tunnel under direct routing",
    withServer({ tunnel: { type: "ipip" } }),
    "INVALID_VALUE",
    "services[0].servers[0].tunnel: direct has no tunnel",
  ],
  [
    "an unknown setting",
    { services: [], settings: { sloppy: 1 } },
    "INVALID_VALUE",
    "settings.sloppy: is not a known field",
  ],
  [
    "a switch that is neither on nor off",
    { services: [], settings: { sloppy_tcp: true } },
    "INVALID_VALUE",
    "settings.sloppy_tcp: must be one of 0, 1",
  ],
  [
    "conn_reuse_mode 4",
    { services: [], settings: { conn_reuse_mode: 4 } },
    "INVALID_VALUE",
    "settings.conn_reuse_mode: must be one of 0, 1, 2, 3",
  ],
  [
    "secure_tcp 2",
    { services: [], settings: { secure_tcp: 2 } },
    "UNSUPPORTED",
    "settings.secure_tcp: secure_tcp 2 (automatic) is not available yet: use 0 or 3",
  ],
  [
    "timeouts of 0 and of more than 31 days",
    { services: [], settings: { timeouts: { tcp: 0, udp: 2_678_401 } } },
    "INVALID_VALUE",
    "settings.timeouts.tcp: must be >= 1",
    "settings.timeouts.udp: must be <= 2678400",
  ],
];

describe("the native document", () => {
  for (const [what, value, code, ...details] of REFUSED) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parseDocument(value),
        (error: { code: string; message: string; details: ErrorDetail[] }) => {
          assert.deepEqual(
            [error.code, ...error.details.map(({ field, message }) => `${field}: ${message}`)],
            [code, ...details],
          );
          return true;
        },
      );
    });
  }

  it("sums up several mistakes in one message", () => {
    assert.throws(() => parseDocument(withServer({ rip: 1, weight: -1 })), {
      message: "services[0].servers[0].rip must be a string (and 1 more)",
    });
  });
});
