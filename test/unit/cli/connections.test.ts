// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Flow } from "../../../src/dataplane/port.ts";
import { address } from "../../support/memory-director.ts";
import { QuietApi, readText } from "./quiet-api.ts";
import { answer, makeWorld } from "./world.ts";

const FLOW: Flow = {
  protocol: "tcp",
  cip: address("10.0.0.51"),
  cport: 7001,
  vip: address("192.0.2.1"),
  vport: 80,
  server: 0,
  state: "ESTABLISHED",
  expires: 899.5,
};

function tracking(...flows: readonly Flow[]): QuietApi {
  const api = new QuietApi();
  api.director.tracked.push(...flows);
  api.director.slots.set(0, { rip: address("172.16.0.3"), port: 80 });
  return api;
}

async function list(api: QuietApi, ...options: string[]): Promise<string> {
  const { rc, stdout, stderr } = await answer(["-L", ...options], makeWorld(api));
  assert.deepEqual([rc, stderr], [0, ""]);
  return stdout;
}

const TITLES = `IPVS connection entries
pro expire state       source             virtual            destination
`;

describe("the connections", () => {
  const six = { ...FLOW, cip: address("2001:db8:c::2"), cport: 5000, vip: address("2001:db8:f::1"), expires: 6000 };
  const gone = { ...FLOW, protocol: "udp" as const, state: "UDP", server: 9, expires: 0.4 };

  it("are listed as ipvsadm lists them, in both families, servers that are gone included", async () => {
    assert.equal(
      await list(tracking(FLOW, six, gone), "-nc"),
      `${TITLES}TCP 14:59  ESTABLISHED 10.0.0.51:7001     192.0.2.1:80       172.16.0.3:80
TCP 100:00 ESTABLISHED [2001:db8:c::2]:5000 [2001:db8:f::1]:80 172.16.0.3:80
UDP 00:00  UDP         10.0.0.51:7001     192.0.2.1:80       0.0.0.0:80
`,
    );
  });

  it("of persistence have no client port; a mark is an address of protocol IP, a dead end has port 65535", async () => {
    const api = tracking({ ...FLOW, rport: 8080 });
    const template = { client: address("10.0.0.0"), server: 0, flows: 1, usable: true, expires: 49.5 };
    api.director.remembered.push(
      { ...template, to: { protocol: "tcp", vip: FLOW.vip, port: 80 }, state: "ASSURED" },
      { ...template, to: { protocol: "udp", vip: FLOW.vip, port: 0 }, state: "NONE" },
      { ...template, to: { protocol: "tcp", vip: FLOW.vip, port: 80 }, state: "NONE", usable: false },
      { ...template, to: { mark: 7, family: "ipv4" }, state: "NONE" },
      { ...template, to: { mark: 0x1_0007, family: "ipv6" }, client: address("2001:db8::"), server: 9, state: "NONE" },
    );
    assert.equal(
      await list(api, "-nc"),
      `${TITLES}TCP 14:59  ESTABLISHED 10.0.0.51:7001     192.0.2.1:80       172.16.0.3:8080
TCP 00:49  ASSURED     10.0.0.0:0         192.0.2.1:80       172.16.0.3:80
UDP 00:49  NONE        10.0.0.0:0         192.0.2.1:0        172.16.0.3:0
TCP 00:49  NONE        10.0.0.0:0         192.0.2.1:65535    172.16.0.3:65535
IP  00:49  NONE        10.0.0.0:0         0.0.0.7:0          172.16.0.3:0
IP  00:49  NONE        [2001:db8::]:0     [1:7::]:0          [::]:0
`,
    );
  });

  it("have names without -n", async () => {
    const named = { ...FLOW, cip: address("127.0.0.1") };
    assert.match(
      await list(tracking(named), "-c"),
      /^TCP 14:59 {2}ESTABLISHED localhost:7001 {5}192\.0\.2\.1:http {5}172/m,
    );
  });

  it("are there in the kernel's own form, too", async () => {
    assert.equal(
      await readText(tracking(FLOW, six), "/v1/compat/proc/net/ip_vs_conn"),
      `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A000033 1B59 C0000201 0050 AC100003 0050 ESTABLISHED     899
TCP 2001:0db8:000c:0000:0000:0000:0000:0002 1388 2001:0db8:000f:0000:0000:0000:0000:0001 0050 AC100003 0050 ESTABLISHED    6000
`,
    );
  });

  it("are all listed when they are many", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...FLOW, cport: index }));
    const ports = [...(await list(tracking(...many), "-nc")).matchAll(/ 10\.0\.0\.51:(\d+) /g)].map(([, port]) => port);
    assert.equal(ports.length, 10_000);
    assert.equal(new Set(ports).size, 10_000);
  });

  it("have room for what an engine knows with --persistent-conn", async () => {
    const [, title] = (await list(tracking(), "-nc", "--persistent-conn")).split("\n");
    assert.equal(title, `${TITLES.split("\n")[1]}        pe name          pe_data`);
  });
});
