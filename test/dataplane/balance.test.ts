// SPDX-License-Identifier: MIT
// wlc under load from two CPUs: 100,000 flows are opened and most of them closed again, and what is left is spread by
// weight.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { server, service } from "../support/memory-director.ts";
import { packet } from "../support/packet.ts";
import { recount } from "../support/recount.ts";

const SERVERS = 64;
const OPENED = 50_000; // by each CPU
const KEPT = 20_000;

const weightOf = (index: number) => 1 + (index % 4);

test("wlc keeps 64 servers within 2 % of the mean load for their weight", async () => {
  const servers = Array.from({ length: SERVERS }, (_, index) => server(`10.1.0.${index}`, { weight: weightOf(index) }));
  const dataplane = await DataplaneUnderTest.create({ services: [service(servers, { scheduler: "wlc" })] }, 1 << 20);
  const frames = (["syn", "ack", "rst"] as const).map((flag) =>
    packet()
      .ethernet()
      .ipv4({ source: "10.0.0.0" })
      .tcp({ flags: [flag] })
      .bytes(),
  );
  const { id } = dataplane.loaded.program;
  const workers = [1, 2].map(
    (cpu) => new Worker(CLIENTS, { eval: true, workerData: { id, frames, cpu, opened: OPENED, kept: KEPT } }),
  );
  assert.deepEqual(await Promise.all(workers.map((worker) => once(worker, "exit"))), [[0], [0]]);

  const loads = dataplane.port.loads();
  assert.deepEqual(
    new Map([...loads].sort(([a], [b]) => a - b)),
    new Map([...recount(dataplane.loaded)].sort(([a], [b]) => a - b)),
  );
  const shares = [...dataplane.director.held.servers].map(
    ([slot, { weight }]) => (loads.get(slot)?.active ?? 0) / weight,
  );
  const mean = shares.reduce((sum, share) => sum + share, 0) / SERVERS;
  for (const share of shares)
    assert.ok(Math.abs(share / mean - 1) <= 0.02, `${share} flows for a weight of 1, mean ${mean}`);
  await dataplane.close();
});

/** Opens flows and, from the first `kept` on, closes the oldest one for every new one. */
const CLIENTS = `
  const { workerData: { id, frames, cpu, opened, kept } } = require("node:worker_threads");
  import(${JSON.stringify(new URL("../../src/bpf/index.js", import.meta.url).href)}).then(({ BpfProgram }) => {
    const program = BpfProgram.fromId(id);
    const SOURCE = 14 + 12;
    const send = (frame, client) => {
      frame.set([10, cpu * 16 + (client >> 16), client >> 8 & 255, client & 255], SOURCE);
      program.run({ data: frame, context: { ingressIfindex: 1 } });
    };
    const [syn, ack, rst] = frames;
    for (let client = 0; client < opened; client++) {
      send(syn, client);
      send(ack, client);
      if (client >= kept) send(rst, client - kept);
    }
  });
`;
