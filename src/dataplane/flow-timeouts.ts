// SPDX-License-Identifier: MIT
// How long a flow lives without a packet, by protocol and state: IPVS's defaults (ip_vs_proto_tcp.c,
// ip_vs_proto_udp.c), in the ticks of the flow table. No I/O here.

import type { Protocol } from "../model/service.ts";

const NANOSECONDS = 1e9;
/** FLOW_TICK_SHIFT of bpf/xdirector.h */
const TICK_SHIFT = 28;
/** FLOW_PROTOCOL_MAX and FLOW_STATE_MAX of bpf/xdirector.h */
const PROTOCOLS = 4;
const STATES = 16;

/** `enum flow_protocol` */
const TCP = 0;
const UDP = 1;

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

/** Seconds, position = enum tcp_state. */
const TCP_TIMEOUTS = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];
/** Seconds. */
const UDP_TIMEOUT = 300;

export function secondsToTicks(seconds: number): number {
  return Math.round((seconds * NANOSECONDS) / 2 ** TICK_SHIFT);
}

export function ticksToSeconds(ticks: number): number {
  return (ticks * 2 ** TICK_SHIFT) / NANOSECONDS;
}

/** `settings.timeout`: ticks by protocol and state. */
export function defaultTimeouts(): number[][] {
  const ticks = Array.from({ length: PROTOCOLS }, () => new Array<number>(STATES).fill(0));
  ticks[TCP] = Array.from({ length: STATES }, (_, state) => secondsToTicks(TCP_TIMEOUTS[state] ?? 0));
  ticks[UDP] = new Array<number>(STATES).fill(secondsToTicks(UDP_TIMEOUT));
  return ticks;
}

/** As ipvsadm names it. */
export function stateName(protocol: Protocol, state: number): string {
  return protocol === "udp" ? "UDP" : (TCP_STATES[state] ?? "NONE");
}
