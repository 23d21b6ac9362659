// SPDX-License-Identifier: MIT
// The metrics that come from a snapshot of the director: their names, help texts and values, in one
// table per subject. Scraping is metrics.ts's subject.

import { Counter, Gauge, Registry } from "prom-client";
import type { Attachment } from "../dataplane/port.ts";
import { endpoint, isMark, markPrefix, type ServiceAddress } from "../model/service.ts";
import { Turn } from "../turn.ts";
import type { DirectorSnapshot, ServerSnapshot, ServiceSnapshot } from "./snapshot.ts";

export interface Metric<Subject> {
  readonly type: typeof Counter | typeof Gauge;
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly read: (subject: Subject) => number;
}

/** All metrics of one kind of subject. */
export type Table<Subject> = readonly Metric<Subject>[];

export type Labels = Readonly<Record<string, string>>;

/** A subject behind its labels. */
export type Row<Subject> = readonly [labels: Labels, subject: Subject];

const PREFIX = "xdirector_";
/** Written without a pause: a millisecond or two. */
const ROWS_AT_ONCE = 250;
/** `# HELP` and `# TYPE`, which only the first piece of a metric has. */
const TITLES = /^#.*\n#.*\n/;

const SERVERS: Table<ServerSnapshot> = [
  counter("server_packets_total", "Packets to the real server.", ({ packets }) => packets),
  counter("server_bytes_total", "Bytes of layer 3 to the real server.", ({ bytes }) => bytes),
  counter("server_connections_total", "Connections scheduled to the real server.", ({ connections }) => connections),
  counter("server_out_packets_total", "Replies of the masqueraded real server.", ({ outPackets }) => outPackets),
  counter("server_out_bytes_total", "Bytes of layer 3 in these replies.", ({ outBytes }) => outBytes),
  gauge("server_active_connections", "Established connections of the real server.", ({ active }) => active),
  gauge("server_inactive_connections", "Other tracked connections of the real server.", ({ inactive }) => inactive),
  gauge("server_templates", "Clients that persistence keeps with the real server.", ({ templates = 0 }) => templates),
  gauge("server_weight", "Weight of the real server; 0 is quiesced.", ({ weight }) => weight),
  gauge("server_resolved", "Whether the next hop of the real server is known (1) or not (0).", ({ nextHop }) =>
    Number(nextHop.kind !== "unresolved"),
  ),
];

const SERVICES: Table<ServiceSnapshot> = [
  counter("service_packets_total", "Packets to the virtual service.", ({ packets }) => packets),
  counter("service_bytes_total", "Bytes of layer 3 to the virtual service.", ({ bytes }) => bytes),
  counter("service_connections_total", "Connections of the virtual service.", ({ connections }) => connections),
  counter("service_out_packets_total", "Replies of masqueraded servers.", ({ outPackets }) => outPackets),
  counter("service_out_bytes_total", "Bytes of layer 3 in these replies.", ({ outBytes }) => outBytes),
  gauge("service_active_connections", "Established connections of the virtual service.", ({ active }) => active),
  gauge("service_inactive_connections", "Other tracked connections of the service.", ({ inactive }) => inactive),
];

const DIRECTOR: Table<DirectorSnapshot> = [
  gauge("flow_table_slots", "Slots of the flow table.", ({ flows }) => flows.capacity),
  gauge("flow_table_occupied", "Slots of the flow table in use.", ({ flows }) => flows.occupied),
  gauge("flow_table_half_open", "Slots of the flow table that hold half-open flows.", ({ flows }) => flows.halfOpen),
  gauge("template_table_slots", "Places in the template table.", ({ templates }) => templates.capacity),
  gauge("template_table_occupied", "Places of the template table in use.", ({ templates }) => templates.occupied),
  counter("templates_lost_total", "Clients not remembered: the table was full.", ({ templates }) => templates.lost),
  gauge("config_lagging", "Whether the realised state lags behind the desired one (1) or not (0).", ({ lag }) =>
    Number(lag !== undefined),
  ),
];

const VERDICTS: Table<number> = [counter("packets_total", "Packets by what became of them.", (packets) => packets)];

const ATTACHMENTS: Table<Attachment> = [
  gauge("program_attached", "Always 1; the labels say where the program runs and how.", () => 1),
];

/** The text piece by piece, so that the caller can do other work in between. */
export async function* exposition(snapshot: DirectorSnapshot): AsyncGenerator<string> {
  const { services, verdicts, dataplane } = snapshot;
  yield* render(SERVERS, await serversOf(services));
  yield* render(
    SERVICES,
    services.map((service) => [serviceLabels(service), service]),
  );
  yield* render(DIRECTOR, [[{}, snapshot]]);
  yield* render(
    VERDICTS,
    Array.from(verdicts, ([verdict, packets]) => [{ verdict }, packets]),
  );
  yield* render(
    ATTACHMENTS,
    dataplane.attachments.map((each) => [{ interface: each.name, mode: each.mode }, each]),
  );
}

/** With pauses. */
async function serversOf(services: readonly ServiceSnapshot[]): Promise<Row<ServerSnapshot>[]> {
  const rows: Row<ServerSnapshot>[] = [];
  const turn = new Turn();
  for (const service of services) {
    rows.push(...serverRows(service));
    if (turn.isOver) await turn.next();
  }
  return rows;
}

/** No two rows may have the same labels. */
export async function* render<Subject>(table: Table<Subject>, rows: readonly Row<Subject>[]): AsyncGenerator<string> {
  for (const metric of table) {
    yield await samplesText(metric, rows.slice(0, ROWS_AT_ONCE));
    for (let first = ROWS_AT_ONCE; first < rows.length; first += ROWS_AT_ONCE) {
      yield (await samplesText(metric, rows.slice(first, first + ROWS_AT_ONCE))).replace(TITLES, "");
    }
    yield "\n";
  }
}

/**
 * A metric of prom-client's own would file each value under its labels before it writes it, which takes ten times as
 * long. As shared labels, which histograms have, they are made text once, however many metrics a row has.
 */
async function samplesText<Subject>(
  { type: Type, name, help, read }: Metric<Subject>,
  rows: readonly Row<Subject>[],
): Promise<string> {
  const registry = new Registry();
  const metric = new Type({ name: PREFIX + name, help, registers: [] });
  const described = await metric.get();
  const values = rows.map(([labels, subject]) => ({ labels: {}, sharedLabels: labels, value: read(subject) }));
  registry.registerMetric(Object.assign(metric, { get: async () => ({ ...described, values }) }));
  return registry.metrics();
}

export function serviceLabels(service: ServiceAddress): Labels {
  if (isMark(service)) return { service: String(service.mark), protocol: markPrefix(service) };
  return { service: endpoint(service.vip, service.port), protocol: service.protocol };
}

function serverRows(service: ServiceSnapshot): Row<ServerSnapshot>[] {
  const labels = serviceLabels(service);
  return service.servers.map((server) => [{ ...labels, server: endpoint(server.rip, server.port) }, server]);
}

export function counter<Subject>(name: string, help: string, read: (subject: Subject) => number): Metric<Subject> {
  return { type: Counter, name, help, read };
}

export function gauge<Subject>(name: string, help: string, read: (subject: Subject) => number): Metric<Subject> {
  return { type: Gauge, name, help, read };
}
