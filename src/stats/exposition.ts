// SPDX-License-Identifier: MIT
// The metrics that come from a snapshot of the director: their names, help texts and values, in one
// table per subject. Scraping is metrics.ts's subject.

import type { Attachment } from "../dataplane/port.ts";
import { Turn } from "../turn.ts";
import { type LabelBook, serviceLabels } from "./labels.ts";
import { counter, gauge, Sheet, type Table } from "./sheet.ts";
import type { DirectorPicture, ServerSnapshot, ServiceTotals } from "./snapshot.ts";

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

const SERVICES: Table<ServiceTotals> = [
  counter("service_packets_total", "Packets to the virtual service.", ({ packets }) => packets),
  counter("service_bytes_total", "Bytes of layer 3 to the virtual service.", ({ bytes }) => bytes),
  counter("service_connections_total", "Connections of the virtual service.", ({ connections }) => connections),
  counter("service_out_packets_total", "Replies of masqueraded servers.", ({ outPackets }) => outPackets),
  counter("service_out_bytes_total", "Bytes of layer 3 in these replies.", ({ outBytes }) => outBytes),
  gauge("service_active_connections", "Established connections of the virtual service.", ({ active }) => active),
  gauge("service_inactive_connections", "Other tracked connections of the service.", ({ inactive }) => inactive),
];

const DIRECTOR: Table<DirectorPicture> = [
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

/** The text piece by piece, so that the caller can do other work in between. What is quickly made comes first. */
export async function* exposition(picture: DirectorPicture, labels: LabelBook): AsyncGenerator<string> {
  const { verdicts, dataplane } = picture;
  yield* new Sheet(DIRECTOR).add({}, picture).text();
  const byVerdict = new Sheet(VERDICTS);
  for (const [verdict, packets] of verdicts) byVerdict.add({ verdict }, packets);
  yield* byVerdict.text();
  const attachments = new Sheet(ATTACHMENTS);
  for (const each of dataplane.attachments) attachments.add({ interface: each.name, mode: each.mode }, each);
  yield* attachments.text();
  yield* servicesText(picture, labels);
}

/** Only numbers are kept of thousands of servers: what lives while the text is made is moved by every collection. */
async function* servicesText(picture: DirectorPicture, labels: LabelBook): AsyncGenerator<string> {
  const [servers, services] = [new Sheet(SERVERS), new Sheet(SERVICES)];
  const turn = new Turn();
  for (const service of picture.services) {
    services.add(serviceLabels(service), service);
    const labelsOf = labels.ofServers(service);
    for (const server of service.servers) servers.add(labelsOf(server), server);
    if (turn.isOver) await turn.next();
  }
  yield* servers.text();
  yield* services.text();
}
