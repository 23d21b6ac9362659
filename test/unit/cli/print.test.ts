// SPDX-License-Identifier: MIT
// Expected texts were printed by ipvsadm 1.31.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { address, server, service } from "../../support/memory-director.ts";
import { QuietApi } from "./quiet-api.ts";
import { answer, makeWorld } from "./world.ts";

const tunnel = { method: "tunnel" } as const;

function someServices(): QuietApi {
  const api = new QuietApi();
  api.seed(service([], { vip: address("10.9.9.9") }), [
    server("10.9.9.9"),
    server("10.9.9.8"),
    server("2001:db8::1", tunnel),
  ]);
  api.seed(service([], { vip: address("2001:db8::1") }), [server("2001:db8::6"), server("10.9.9.9", tunnel)]);
  api.seed(service([], { protocol: "udp", vip: address("10.9.9.8"), port: 162 }));
  return api;
}

const list = async (command: string, api = someServices()) => (await answer(command.split(" "), makeWorld(api))).stdout;

describe("the listing", () => {
  it("has numbers with -n", async () => {
    assert.equal(
      await list("-Ln"),
      `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.9.9.9:80 rr
  -> 10.9.9.8:80                  Route   1      0          0         
  -> 10.9.9.9:80                  Route   1      0          0         
  -> [2001:db8::1]:80             Tunnel  1      0          0         
UDP  10.9.9.8:162 rr
TCP  [2001:db8::1]:80 rr
  -> 10.9.9.9:80                  Tunnel  1      0          0         
  -> [2001:db8::6]:80             Route   1      0          0         
`,
    );
  });

  it("has names without -n, cut to their columns for IPv4 and to ipvsadm's buffer for IPv6", async () => {
    assert.equal(
      await list("-L"),
      `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  a-very-long-host-name.of.som rr
  -> abcdefghijklmnopqrst:http    Route   1      0          0         
  -> a-very-long-host-name.of.som Route   1      0          0         
  -> [long6-very-long-host-name.of.some.example.company.example. Tunnel  1      0          0         
UDP  abcdefghijklmnopqrst:snmp-tr rr
TCP  [long6-very-long-host-name.of.some.example.company.example. rr
  -> a-very-long-host-name.of.som Tunnel  1      0          0         
  -> [six.example]:http           Route   1      0          0         
`,
    );
  });

  it("has neither version nor other services when one service is asked for", async () => {
    assert.equal(
      await list("-ln -u 10.9.9.8:162"),
      `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
UDP  10.9.9.8:162 rr
`,
    );
  });

  it("has the connections of each server", async () => {
    const api = new QuietApi();
    api.seed(service([], { vip: address("192.168.10.100") }), [server("192.168.10.11")]);
    api.director.counted.set("192.168.10.11:80", { active: 12345678901, inactive: 3 });
    assert.match(await list("-Ln", api), /^ {2}-> 192\.168\.10\.11:80 {13}Route {3}1 {6}12345678901 3 {9}$/m);
  });
});
