// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import type { Address } from "../../../src/model/address.ts";
import type { EndpointAddress, RealServer, ServiceSettings } from "../../../src/model/service.ts";
import { Metrics } from "../../../src/stats/metrics.ts";
import type { DirectorSnapshot, ServerSnapshot } from "../../../src/stats/snapshot.ts";

const WEB: EndpointAddress & ServiceSettings = {
  protocol: "tcp",
  vip: "192.0.2.1" as Address,
  port: 80,
  scheduler: "wrr",
};
const DNS: EndpointAddress & ServiceSettings = {
  protocol: "udp",
  vip: "2001:db8::1" as Address,
  port: 53,
  scheduler: "rr",
};

function server(rip: string, fields: Pick<RealServer, "port" | "weight"> & Partial<ServerSnapshot>): ServerSnapshot {
  const counters = { packets: 0, bytes: 0, connections: 0, outPackets: 0, outBytes: 0, active: 0, inactive: 0 };
  return { rip: rip as Address, method: "direct", nextHop: { kind: "local" }, ...counters, ...fields };
}

const SNAPSHOT: DirectorSnapshot = {
  services: [
    {
      ...WEB,
      ...{ packets: 110, bytes: 6600, connections: 11, outPackets: 70, outBytes: 7000, active: 4, inactive: 2 },
      servers: [
        server("10.0.0.1", { port: 80, weight: 3, packets: 90, bytes: 5400, connections: 9, active: 4, inactive: 1 }),
        server("10.0.0.2", {
          ...{ port: 80, weight: 0, packets: 20, bytes: 1200, connections: 2, inactive: 1 },
          ...{ outPackets: 70, outBytes: 7000 },
          nextHop: { kind: "unresolved", reason: "no neighbour" },
        }),
      ],
    },
    {
      ...DNS,
      ...{ packets: 2 ** 53 - 1, bytes: 1e21, connections: 0, outPackets: 0, outBytes: 0, active: 0, inactive: 0 },
      servers: [server("2001:db8::2", { port: 53, weight: 1 })],
    },
  ],
  flows: { occupied: 7, halfOpen: 2, capacity: 4096 },
  templates: { occupied: 3, capacity: 1024, lost: 1 },
  verdicts: new Map([
    ["forwarded-direct", 112],
    ["malformed", 0],
  ]),
  dataplane: {
    kind: "memory",
    attachments: [
      { name: "eth0", ifindex: 2, mode: "native" },
      { name: "eth1.7", ifindex: 3, mode: "generic" },
    ],
  },
  lag: "map servers is full",
};

const EXPECTED = `
flow_table_slots 4096
flow_table_occupied 7
flow_table_half_open 2
template_table_slots 1024
template_table_occupied 3
templates_lost_total 1
config_lagging 1
packets_total{verdict="forwarded-direct"} 112
packets_total{verdict="malformed"} 0
program_attached{interface="eth0",mode="native"} 1
program_attached{interface="eth1.7",mode="generic"} 1
server_packets_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 90
server_packets_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 20
server_packets_total{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_bytes_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 5400
server_bytes_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 1200
server_bytes_total{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_connections_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 9
server_connections_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 2
server_connections_total{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_out_packets_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 0
server_out_packets_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 70
server_out_packets_total{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_out_bytes_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 0
server_out_bytes_total{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 7000
server_out_bytes_total{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_active_connections{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 4
server_active_connections{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 0
server_active_connections{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_inactive_connections{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 1
server_inactive_connections{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 1
server_inactive_connections{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_templates{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 0
server_templates{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 0
server_templates{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 0
server_weight{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 3
server_weight{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 0
server_weight{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 1
server_resolved{service="192.0.2.1:80",protocol="tcp",server="10.0.0.1:80"} 1
server_resolved{service="192.0.2.1:80",protocol="tcp",server="10.0.0.2:80"} 0
server_resolved{service="[2001:db8::1]:53",protocol="udp",server="[2001:db8::2]:53"} 1
service_packets_total{service="192.0.2.1:80",protocol="tcp"} 110
service_packets_total{service="[2001:db8::1]:53",protocol="udp"} 9007199254740991
service_bytes_total{service="192.0.2.1:80",protocol="tcp"} 6600
service_bytes_total{service="[2001:db8::1]:53",protocol="udp"} 1e+21
service_connections_total{service="192.0.2.1:80",protocol="tcp"} 11
service_connections_total{service="[2001:db8::1]:53",protocol="udp"} 0
service_out_packets_total{service="192.0.2.1:80",protocol="tcp"} 70
service_out_packets_total{service="[2001:db8::1]:53",protocol="udp"} 0
service_out_bytes_total{service="192.0.2.1:80",protocol="tcp"} 7000
service_out_bytes_total{service="[2001:db8::1]:53",protocol="udp"} 0
service_active_connections{service="192.0.2.1:80",protocol="tcp"} 4
service_active_connections{service="[2001:db8::1]:53",protocol="udp"} 0
service_inactive_connections{service="192.0.2.1:80",protocol="tcp"} 2
service_inactive_connections{service="[2001:db8::1]:53",protocol="udp"} 0
collection_errors_total 0
build_info{version="1.2.3",node="${process.versions.node}"} 1
`;

/** Our own samples, without the prefix: what process and Node.js report is prom-client's business. */
function samplesOf(text: string): string[] {
  return text.split("\n").flatMap((line) => /^xdirector_(.+)$/.exec(line)?.[1] ?? []);
}

function metricsOf(snapshot: () => Promise<DirectorSnapshot>, onError: (error: Error) => void = assert.fail): Metrics {
  return new Metrics({ version: "1.2.3", picture: snapshot, onError });
}

function render(metrics: Metrics): Promise<string> {
  return text(metrics.pieces());
}

describe("the metrics", () => {
  it("are exactly what the snapshot says", async () => {
    const text = await render(metricsOf(async () => SNAPSHOT));
    assert.deepEqual(samplesOf(text), EXPECTED.trim().split("\n"));
  });

  it("pass promtool check metrics", async () => {
    const input = await render(metricsOf(async () => SNAPSHOT));
    const { status, stdout, stderr, error } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    assert.ifError(error);
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  });

  it("of thousands of servers have all their samples, under one title each", async () => {
    const servers = Array.from({ length: 2500 }, (_, port) => server("10.0.0.1", { port, weight: 1 }));
    const services = SNAPSHOT.services.map((service) => ({ ...service, servers }));
    const text = await render(metricsOf(async () => ({ ...SNAPSHOT, services })));
    const weights = samplesOf(text).filter((sample) => sample.startsWith("server_weight{"));
    assert.deepEqual([weights.length, new Set(weights).size], [5000, 5000]);
    const titles = text.split("\n").filter((line) => line.startsWith("# TYPE xdirector_server_weight "));
    assert.equal(titles.length, 1);
  });

  it("pass promtool check metrics when there is nothing to balance yet", async () => {
    const snapshot = { ...SNAPSHOT, services: [], verdicts: new Map(), lag: undefined };
    const input = await render(metricsOf(async () => snapshot));
    const { status, stdout, stderr, error } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    assert.ifError(error);
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  });

  it("pass promtool check metrics whatever names the configuration has", async () => {
    const instances = [{ kind: "instance", name: '"a\\b"\n', state: "MASTER", priority: 100 }];
    const vrrp = { status: { restarts: 0, instances } };
    const metrics = new Metrics({ version: "1.2.3", picture: async () => SNAPSHOT, vrrp, onError: assert.fail });
    const input = await render(metrics);
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    const [priority] = samplesOf(input).filter((sample) => sample.startsWith("vrrp_priority"));
    assert.equal(priority, String.raw`vrrp_priority{name="\"a\\b\"\n"} 100`);
  });

  it("follow the kernel's counters instead of adding them up", async () => {
    const metrics = metricsOf(async () => SNAPSHOT);
    assert.deepEqual(samplesOf(await render(metrics)), samplesOf(await render(metrics)));
  });

  it("forget what is deleted", async () => {
    let snapshot = SNAPSHOT;
    const metrics = metricsOf(async () => snapshot);
    await render(metrics);
    snapshot = { ...SNAPSHOT, services: SNAPSHOT.services.slice(1) };
    assert.doesNotMatch(await render(metrics), /192\.0\.2\.1/);
  });

  it("come from one snapshot per scrape, shared by scrapes that overlap", async () => {
    let snapshots = 0;
    const metrics = metricsOf(async () => {
      snapshots += 1;
      return SNAPSHOT;
    });
    const [first, second] = await Promise.all([render(metrics), render(metrics)]);
    assert.equal(snapshots, 1);
    assert.deepEqual(samplesOf(first), samplesOf(second));
    await render(metrics);
    assert.equal(snapshots, 2);
  });

  it("are absent, and the error is counted, while the director cannot be read", async () => {
    let failure: Error | undefined = new Error("cannot read map servers");
    const told: Error[] = [];
    const read = async () => {
      if (failure) throw failure;
      return SNAPSHOT;
    };
    const metrics = metricsOf(read, (error) => told.push(error));
    const [errors, buildInfo] = EXPECTED.trim().split("\n").slice(-2);
    assert.deepEqual(samplesOf(await render(metrics)), [errors?.replace(/0$/, "1"), buildInfo]);
    assert.deepEqual(told, [failure]);
    failure = undefined;
    const samples = samplesOf(await render(metrics));
    assert.ok(samples.includes("collection_errors_total 1"));
    assert.ok(samples.includes("flow_table_occupied 7"));
  });

  it("include the process's own", async () => {
    const text = await render(metricsOf(async () => SNAPSHOT));
    assert.match(text, /^process_resident_memory_bytes [1-9]\d*$/m);
    assert.match(text, /^nodejs_eventloop_lag_seconds /m);
  });
});
