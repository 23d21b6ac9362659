// SPDX-License-Identifier: MIT
// Between the director's settings and `struct settings` of bpf/xdirector.h, whose field names these are. No I/O here.

import { DEFAULT_SETTINGS, type Defence, type Settings } from "../model/settings.ts";
import { defaultTimeouts, secondsToTicks, ticksToSeconds } from "./flow-timeouts.ts";
import { fixedDropRate } from "./pressure.ts";

/** `struct settings` */
export interface SettingsRecord {
  timeout: number[][];
  hash_key: number[];
  route_generation: number;
  service_generation: number;
  wide_services: number;
  has_marks: number;
  conn_reuse_mode: number;
  expire_nodest_conn: number;
  sloppy_tcp: number;
  sloppy_sctp: number;
  nat_icmp_send: number;
  pmtu_disc: number;
  secure_tcp: number;
  expire_quiescent_template: number;
  drop_entry: number;
  drop_packet: number;
  am_droprate: number;
  amemthresh: number;
  mss_clamps: number;
  lblc_expiration: number;
  lblcr_expiration: number;
  drop_rate: number;
  is_crowded: number;
}

/** What no setting says: it stays as it is when settings change. */
type Private = Pick<
  SettingsRecord,
  | "hash_key"
  | "route_generation"
  | "service_generation"
  | "wide_services"
  | "has_marks"
  | "mss_clamps"
  | "drop_rate"
  | "is_crowded"
>;

/** `enum flow_protocol` */
const TCP = 0;
const UDP = 1;
/** `enum tcp_state` */
const ESTABLISHED = 1;
const FIN_WAIT = 4;
const UDP_NORMAL = 0;

export function toSettingsRecord(settings: Settings, held: Private): SettingsRecord {
  return {
    timeout: toTimeouts(settings),
    hash_key: held.hash_key,
    route_generation: held.route_generation,
    service_generation: held.service_generation,
    wide_services: held.wide_services,
    has_marks: held.has_marks,
    conn_reuse_mode: settings.connReuseMode,
    expire_nodest_conn: settings.expireNodestConn,
    sloppy_tcp: settings.sloppyTcp,
    sloppy_sctp: settings.sloppySctp,
    nat_icmp_send: settings.natIcmpSend,
    pmtu_disc: settings.pmtuDisc,
    secure_tcp: settings.secureTcp,
    expire_quiescent_template: settings.expireQuiescentTemplate,
    drop_entry: settings.dropEntry,
    drop_packet: settings.dropPacket,
    am_droprate: settings.amDroprate,
    amemthresh: settings.amemthresh,
    mss_clamps: held.mss_clamps,
    lblc_expiration: settings.lblcExpiration,
    lblcr_expiration: settings.lblcrExpiration,
    drop_rate: fixedDropRate(settings) ?? held.drop_rate,
    is_crowded: held.is_crowded,
  };
}

/** Inverse of {@link toSettingsRecord}; every record was written by it. */
export function fromSettingsRecord(record: SettingsRecord): Settings {
  const secondsOf = (protocol: number, state: number) =>
    Math.round(ticksToSeconds(record.timeout[protocol]?.[state] ?? 0));
  return {
    connReuseMode: record.conn_reuse_mode as Settings["connReuseMode"],
    expireNodestConn: record.expire_nodest_conn as Settings["expireNodestConn"],
    sloppyTcp: record.sloppy_tcp as Settings["sloppyTcp"],
    sloppySctp: record.sloppy_sctp as Settings["sloppySctp"],
    natIcmpSend: record.nat_icmp_send as Settings["natIcmpSend"],
    pmtuDisc: record.pmtu_disc as Settings["pmtuDisc"],
    secureTcp: record.secure_tcp as Settings["secureTcp"],
    expireQuiescentTemplate: record.expire_quiescent_template as Settings["expireQuiescentTemplate"],
    dropEntry: record.drop_entry as Defence,
    dropPacket: record.drop_packet as Defence,
    amDroprate: record.am_droprate,
    amemthresh: record.amemthresh,
    lblcExpiration: record.lblc_expiration,
    lblcrExpiration: record.lblcr_expiration,
    timeouts: {
      tcp: secondsOf(TCP, ESTABLISHED),
      tcpFin: secondsOf(TCP, FIN_WAIT),
      udp: secondsOf(UDP, UDP_NORMAL),
    },
  };
}

/** A new table's. */
export function firstSettingsRecord(hash_key: number[]): SettingsRecord {
  return toSettingsRecord(DEFAULT_SETTINGS, {
    hash_key,
    route_generation: 0,
    service_generation: 0,
    wide_services: 0,
    has_marks: 0,
    mss_clamps: 0,
    drop_rate: 0,
    is_crowded: 0,
  });
}

/** Ticks by protocol and state: IPVS's, but for the three that may be set. */
function toTimeouts({ timeouts: { tcp, tcpFin, udp } }: Settings): number[][] {
  return defaultTimeouts().map((states, protocol) =>
    states.map((ticks, state) => {
      if (protocol === UDP) return secondsToTicks(udp);
      if (protocol === TCP && state === ESTABLISHED) return secondsToTicks(tcp);
      return protocol === TCP && state === FIN_WAIT ? secondsToTicks(tcpFin) : ticks;
    }),
  );
}
