// SPDX-License-Identifier: MIT
// What holds for the director as a whole: IPVS's sysctls (net/ipv4/vs) and timeouts, with its meanings
// and defaults. No I/O here.

/** Off or on. */
export type Switch = 0 | 1;

/** 0: never. 1, 2: while memory is short, as {@link Settings.amemthresh} says. 3: always. */
export type Defence = 0 | 1 | 2 | 3;

/** Seconds without a packet until a flow expires, 1..{@link TIMEOUT_MAX}. */
export interface Timeouts {
  /** TCP, ESTABLISHED. */
  readonly tcp: number;
  /** TCP, FIN_WAIT. */
  readonly tcpFin: number;
  readonly udp: number;
}

export interface Settings {
  /**
   * What a SYN of a known flow does. 0: goes where the flow went. 1: chooses a server anew when the flow
   * is in TIME_WAIT or CLOSE; 2, 3: when it is in FIN_WAIT under direct routing or tunnelling as well.
   */
  readonly connReuseMode: 0 | 1 | 2 | 3;
  /** A flow whose server goes ends. Off: its packets are dropped, and the flow goes on if the server comes back. */
  readonly expireNodestConn: Switch;
  /** A client leaves a quiesced server with its next flow. Off: its template keeps it there. */
  readonly expireQuiescentTemplate: Switch;
  /** Any TCP packet but a reset begins a flow. Off: only SYN does. */
  readonly sloppyTcp: Switch;
  /** Any SCTP packet but an abort begins a flow. Off: only INIT does. */
  readonly sloppySctp: Switch;
  /** A masqueraded server's packet without a flow is answered with ICMP port unreachable. */
  readonly natIcmpSend: Switch;
  /** A packet too big for the path that must not be fragmented is answered with ICMP. */
  readonly pmtuDisc: Switch;
  /** 3: TCP states as under attack, where an answer of the server counts and a client's ACK does not. */
  readonly secureTcp: 0 | 3;
  /** Half-open and idle flows are dropped at random. {@link Defence} */
  readonly dropEntry: Defence;
  /** Every {@link amDroprate}-th new flow is dropped. {@link Defence} */
  readonly dropPacket: Defence;
  /** With drop_packet 3; otherwise the rate follows from how short memory is. At least 1. */
  readonly amDroprate: number;
  /** What is short: pages of 4,096 bytes that the flow table has left. */
  readonly amemthresh: number;
  /** With lblc: seconds without a new flow until a destination has no server any more. */
  readonly lblcExpiration: number;
  /** With lblcr: the same; and seconds from a destination's getting another server until its busiest one goes. */
  readonly lblcrExpiration: number;
  readonly timeouts: Timeouts;
}

/** ipvsadm's limit: 31 days. */
export const TIMEOUT_MAX = 31 * 86_400;

export const DEFAULT_SETTINGS: Settings = {
  connReuseMode: 1,
  expireNodestConn: 0,
  expireQuiescentTemplate: 0,
  sloppyTcp: 0,
  sloppySctp: 0,
  natIcmpSend: 0,
  pmtuDisc: 1,
  secureTcp: 0,
  dropEntry: 0,
  dropPacket: 0,
  amDroprate: 10,
  amemthresh: 1024,
  lblcExpiration: 86_400,
  lblcrExpiration: 86_400,
  timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
};
