// SPDX-License-Identifier: MIT
// The shape of the settings' document: names and numbers as in /proc/sys/net/ipv4/vs. Shapes only.

import Type from "typebox";
import { TIMEOUT_MAX } from "../model/settings.ts";

const CLOSED = { additionalProperties: false } as const;
const SWITCH = [0, 1] as const;

const Timeout = (flow: string) =>
  Type.Integer({ minimum: 1, maximum: TIMEOUT_MAX, description: `seconds until an idle ${flow} expires` });

const TIMEOUTS = {
  tcp: Timeout("TCP connection (ESTABLISHED)"),
  tcpfin: Timeout("TCP connection that is being closed (FIN_WAIT)"),
  udp: Timeout("UDP flow"),
};

const INT32_MAX = 2 ** 31 - 1;

const Defence = (what: string) =>
  Type.Enum([0, 1, 2, 3], { description: `${what}: 0 never, 1 and 2 while the flow table is short of room, 3 always` });

const Seconds = (what: string) => Type.Integer({ minimum: 1, maximum: INT32_MAX, description: `seconds with ${what}` });

const SETTINGS = {
  conn_reuse_mode: Type.Enum([0, 1, 2, 3], {
    description:
      "a SYN of a known flow chooses a server anew: 0 never, 1 after TIME_WAIT or CLOSE, 2 and 3 also in FIN_WAIT",
  }),
  expire_nodest_conn: Type.Enum(SWITCH, { description: "1: flows of a deleted server end at once" }),
  expire_quiescent_template: Type.Enum(SWITCH, {
    description: "1: a persistent client leaves a quiesced server (weight 0) with its next flow",
  }),
  sloppy_tcp: Type.Enum(SWITCH, { description: "1: any TCP packet but RST begins a flow, not only SYN" }),
  sloppy_sctp: Type.Enum(SWITCH, { description: "1: any SCTP packet but ABORT begins a flow, not only INIT" }),
  nat_icmp_send: Type.Enum(SWITCH, {
    description: "1: a masqueraded server's packet without a flow is answered with ICMP port unreachable",
  }),
  pmtu_disc: Type.Enum(SWITCH, { description: "1: packets that are too big and may not be fragmented are answered" }),
  secure_tcp: Type.Enum([0, 1, 2, 3], { description: "3: TCP states as under attack; 1 and 2 are not available" }),
  drop_entry: Defence("half-open and idle flows are dropped at random"),
  drop_packet: Defence("every am_droprate-th new flow is dropped"),
  am_droprate: Type.Integer({ minimum: 1, maximum: INT32_MAX, description: "the rate of drop_packet 3" }),
  amemthresh: Type.Integer({
    minimum: 1,
    maximum: INT32_MAX,
    description:
      "the flow table is short of room with fewer pages of 4096 bytes left than this, or than a sixteenth of it",
  }),
  lblc_expiration: Seconds("lblc: until a destination without new flows has no server any more"),
  lblcr_expiration: Seconds("lblcr: the same; and from a destination's getting a server until its busiest one leaves"),
};

/** What is left out is IPVS's default, or stays as it is in a PATCH. */
export const SettingsSchema = Type.Partial(
  Type.Object({ ...SETTINGS, timeouts: Type.Partial(Type.Object(TIMEOUTS), CLOSED) }),
  CLOSED,
);

export type SettingsDocument = Type.Static<typeof SettingsSchema>;

/** As xdirector writes it: nothing is left out. */
export const FullSettingsSchema = Type.Object(
  { ...SETTINGS, timeouts: Type.Object(TIMEOUTS, CLOSED) },
  { ...CLOSED, description: "what holds for the director as a whole" },
);

export type FullSettingsDocument = Type.Static<typeof FullSettingsSchema>;
