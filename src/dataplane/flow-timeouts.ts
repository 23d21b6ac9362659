// SPDX-License-Identifier: MIT
// How long a flow lives without a packet, by protocol and state: IPVS's defaults (ip_vs_proto_tcp.c,
// ip_vs_proto_udp.c, ip_vs_proto_sctp.c), in the ticks of the flow table. No I/O here.

import type { Protocol } from "../model/service.ts";

const NANOSECONDS = 1e9;
/** FLOW_TICK_SHIFT of bpf/xdirector.h */
const TICK_SHIFT = 28;
/** FLOW_PROTOCOL_MAX and FLOW_STATE_MAX of bpf/xdirector.h */
const PROTOCOL_COUNT = 4;
const STATE_COUNT = 16;

/** `enum flow_protocol` */
const TCP = 0;
const UDP = 1;
const SCTP = 2;

/** Names as in ipvsadm -Lc, position = enum tcp_state. */
const TCP_STATES = [
  "NONE",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "SYNACK",
] as const;

/** Names as in ipvsadm -Lc, position = enum sctp_state. */
const SCTP_STATES = [
  "NONE",
  "INIT1",
  "INIT",
  "C-SENT",
  "C-REPLIED",
  "C-WAIT",
  "COOKIE",
  "C-ECHOED",
  "ESTABLISHED",
  "S-SENT",
  "S-RECEIVED",
  "S-ACK-SENT",
  "REJECTED",
  "CLOSED",
] as const;

/** Seconds, position = enum tcp_state. */
const TCP_TIMEOUTS = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];
/** Seconds. */
const UDP_TIMEOUT = 300;
/** Seconds, position = enum sctp_state. */
const SCTP_TIMEOUTS = [2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61];

export function secondsToTicks(seconds: number): number {
  return Math.round((seconds * NANOSECONDS) / 2 ** TICK_SHIFT);
}

export function ticksToSeconds(ticks: number): number {
  return (ticks * 2 ** TICK_SHIFT) / NANOSECONDS;
}

/** `settings.timeout`: ticks by protocol and state. */
export function defaultTimeouts(): number[][] {
  const ticks = Array.from({ length: PROTOCOL_COUNT }, () => new Array<number>(STATE_COUNT).fill(0));
  ticks[TCP] = ticksByState(TCP_TIMEOUTS);
  ticks[UDP] = new Array<number>(STATE_COUNT).fill(secondsToTicks(UDP_TIMEOUT));
  ticks[SCTP] = ticksByState(SCTP_TIMEOUTS);
  return ticks;
}

function ticksByState(seconds: readonly number[]): number[] {
  return Array.from({ length: STATE_COUNT }, (_, state) => secondsToTicks(seconds[state] ?? 0));
}

/** As ipvsadm names it. */
export function stateName(protocol: Protocol, state: number): string {
  if (protocol === "udp") return "UDP";
  return (protocol === "sctp" ? SCTP_STATES : TCP_STATES)[state] ?? "NONE";
}
