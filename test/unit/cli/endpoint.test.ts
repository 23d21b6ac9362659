// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEndpoint } from "../../../src/cli/ipvsadm/endpoint.ts";
import { type PortProtocol, parsePortNames } from "../../../src/cli/ipvsadm/port-names.ts";
import { SERVICES_FILE } from "./world.ts";

const portNames = parsePortNames(SERVICES_FILE);

describe("an endpoint on the command line", () => {
  const understood: readonly [text: string, host: string, port: number | undefined, protocol?: PortProtocol][] = [
    ["192.0.2.1:80", "192.0.2.1", 80],
    ["192.0.2.1", "192.0.2.1", undefined],
    ["192.0.2.1:0", "192.0.2.1", 0],
    ["192.0.2.1:+080", "192.0.2.1", 80],
    ["192.0.2.1:http", "192.0.2.1", 80],
    ["192.0.2.1:www", "192.0.2.1", 80],
    ["192.0.2.1:domain", "192.0.2.1", 53, "udp"],
    ["10.1:80", "10.0.0.1", 80],
    ["0x0a000107:80", "10.0.1.7", 80],
    ["012.0.0.8:80", "10.0.0.8", 80],
    ["10.0.0.9 and more:80", "10.0.0.9", 80],
    ["4294967295:80", "255.255.255.255", 80],
    ["[2001:db8::1]:80", "2001:db8::1", 80],
    ["[2001:DB8:0::1]:http", "2001:db8::1", 80],
    ["2001:db8::1", "2001:db8::1", undefined],
    ["2001:db8::1:80", "2001:db8::1:80", undefined],
    ["[192.0.2.1]:80", "192.0.2.1", undefined],
    ["[192.0.2.1:81]:80", "192.0.2.1", 81],
  ];
  for (const [text, address, port, protocol = "tcp"] of understood) {
    it(`${text} is ${address} port ${port ?? "none"}`, () => {
      assert.deepEqual(parseEndpoint(text, protocol, portNames), { host: { address }, port });
    });
  }

  const refused: readonly string[] = [
    ...["", "80", ":80", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:nosuch", "192.0.2.1:HTTP"],
    ...["192.0.2.256:80", "1.2.3.4.5:80", "[2001:db8::1]", "[2001:db8::1]80", "[2001:db8::1]:", "[2001:db8::1"],
    ...["[fe80::1%eth0]:80", "-i", "--exact", "[]:80"],
  ];
  for (const text of refused) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseEndpoint(text, "tcp", portNames), undefined));
  }

  it("may name a host, which is not looked up", () => {
    assert.deepEqual(parseEndpoint("web.example:443", "tcp", portNames), { host: { name: "web.example" }, port: 443 });
  });

  it("knows no names of ports before the protocol is known", () => {
    assert.equal(parseEndpoint("192.0.2.1:http", undefined, portNames), undefined);
    assert.equal(parseEndpoint("192.0.2.1:80", undefined, portNames)?.port, 80);
  });
});

describe("names of ports", () => {
  it("are those of the protocol, the official name first", () => {
    assert.equal(portNames.nameOf(8080, "tcp"), "http-alt");
    assert.equal(portNames.nameOf(8080, "udp"), undefined);
    assert.equal(portNames.portOf("webcache", "tcp"), 8080);
    assert.equal(portNames.portOf("WorldWideWeb", "tcp"), undefined);
  });
});
