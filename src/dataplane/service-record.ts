// SPDX-License-Identifier: MIT
// Between the image's service entries and `struct service` of bpf/xdirector.h, with its key. No I/O here.

import type { ServiceEntry } from "../compile/image.ts";
import { type Address, addressFromBytes, addressToBytes, type Family } from "../model/address.ts";
import {
  isMark,
  type MarkAddress,
  type Netmask,
  type Persistence,
  PROTOCOL_NUMBERS,
  SCHEDULER_FLAGS,
  SCHEDULER_NAMES,
  type SchedulerFlag,
  type SchedulerName,
  type ServiceAddress,
  type ServiceOptions,
  serviceFamily,
} from "../model/service.ts";
import { secondsToTicks, ticksToSeconds } from "./flow-timeouts.ts";
import { type CountersRecord, type IpRecord, protocolOf } from "./records.ts";

/** `struct service_key` */
export interface ServiceKeyRecord {
  vip: IpRecord;
  port: number;
  protocol: number;
  zero: Uint8Array;
}

/** `struct service` */
export interface ServiceRecord {
  id: number;
  persistence: number;
  mark: number;
  port: number;
  mss_clamp: number;
  scheduler: number;
  removed: number;
  flags: number;
  zero: Uint8Array;
  netmask: IpRecord;
}

/** `struct service_record`, with what servers that are gone had counted. */
export interface CountedServiceRecord {
  service: ServiceRecord;
  retired: CountersRecord;
}

/** `enum scheduler` */
export const SCHEDULER_NUMBERS = {
  rr: 0,
  wrr: 1,
  lc: 2,
  wlc: 3,
  sed: 4,
  nq: 5,
  lblc: 6,
  lblcr: 7,
  dh: 8,
  sh: 9,
  mh: 10,
  fo: 11,
  ovf: 12,
  twos: 13,
} as const satisfies Record<SchedulerName, number>;

/** `enum service_flags` */
const SERVICE_PERSISTENT = 1;
const SERVICE_ONE_PACKET = 2;
const SCHEDULER_FLAG_BITS = { "flag-1": 4, "flag-2": 8, "flag-3": 16 } as const satisfies Record<SchedulerFlag, number>;

/** `enum wide_services` */
const WIDE_PORT = 1;
const WIDE_FTP = 2;
const FTP_PORT = 21;

/** `service_key.protocol` of a service that goes by a mark. */
const MARK_PROTOCOL = 0;

export function toServiceKeyRecord(address: ServiceAddress): ServiceKeyRecord {
  const zero = new Uint8Array(5);
  if (isMark(address)) return { vip: { bytes: markToBytes(address) }, port: 0, protocol: MARK_PROTOCOL, zero };
  const { protocol, vip, port } = address;
  return { vip: { bytes: addressToBytes(vip) }, port, protocol: PROTOCOL_NUMBERS[protocol], zero };
}

export function toServiceRecord(service: ServiceEntry): ServiceRecord {
  const { persistence } = service;
  return {
    id: service.id,
    persistence: persistence ? secondsToTicks(persistence.timeout) : 0,
    mark: isMark(service) ? service.mark : 0,
    port: isMark(service) ? 0 : service.port,
    mss_clamp: service.mssClamp ?? 0,
    scheduler: SCHEDULER_NUMBERS[service.scheduler],
    removed: service.removed ? 1 : 0,
    flags: flagsOf(service),
    zero: new Uint8Array(5),
    netmask: { bytes: persistence ? netmaskToBytes(persistence.netmask) : new Uint8Array(16) },
  };
}

export function fromServiceRecord(key: ServiceKeyRecord, record: ServiceRecord): ServiceEntry {
  const address = toServiceAddress(key);
  const persistence = (record.flags & SERVICE_PERSISTENT) !== 0 && persistenceOf(record, serviceFamily(address));
  return {
    ...address,
    id: record.id,
    scheduler: SCHEDULER_NAMES.find((name) => SCHEDULER_NUMBERS[name] === record.scheduler) ?? "rr",
    ...optionsOf(record.flags),
    ...(persistence && { persistence }),
    ...(record.mss_clamp !== 0 && { mssClamp: record.mss_clamp }),
    removed: record.removed !== 0,
  };
}

/** `settings.wide_services`: whether there are services that a packet's exact destination does not find. */
export function wideServices(services: Iterable<ServiceAddress>): number {
  let wide = 0;
  for (const service of services) {
    if (isMark(service)) continue;
    if (service.port === 0) wide |= WIDE_PORT;
    if (service.port === FTP_PORT && service.protocol === "tcp") wide |= WIDE_FTP;
  }
  return wide;
}

export function toServiceAddress(key: Omit<ServiceKeyRecord, "zero">): ServiceAddress {
  if (key.protocol === MARK_PROTOCOL) return markFromBytes(key.vip.bytes);
  return { protocol: protocolOf(key.protocol), vip: addressFromBytes(key.vip.bytes), port: key.port };
}

/** The mark in the last word of an otherwise empty address of its family. */
function markToBytes({ mark, family }: MarkAddress): Uint8Array {
  const bytes = addressToBytes((family === "ipv4" ? "0.0.0.0" : "::") as Address);
  new DataView(bytes.buffer).setUint32(12, mark);
  return bytes;
}

function markFromBytes(bytes: Uint8Array): MarkAddress {
  const mark = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12);
  return { mark, family: bytes[10] === 0xff ? "ipv4" : "ipv6" };
}

/** Over addresses as `union ip` has them: an IPv4 address is in the last word. */
function netmaskToBytes(netmask: Netmask): Uint8Array {
  if (typeof netmask === "number")
    return Uint8Array.from({ length: 16 }, (_, index) => prefixByte(netmask - index * 8));
  return Uint8Array.from([...new Uint8Array(12).fill(0xff), ...addressToBytes(netmask).subarray(12)]);
}

/** A byte of a mask whose first `bits` bits, of many or none in this byte, are set. */
function prefixByte(bits: number): number {
  return 0xff & ~(0xff >> Math.min(Math.max(bits, 0), 8));
}

function persistenceOf({ persistence, netmask: { bytes } }: ServiceRecord, family: Family): Persistence {
  const timeout = Math.round(ticksToSeconds(persistence));
  if (family === "ipv4") return { timeout, netmask: bytes.subarray(12).join(".") as Address };
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return { timeout, netmask: `${bits}0`.indexOf("0") };
}

function flagsOf({ schedulerFlags = [], persistence, onePacket }: ServiceOptions): number {
  const flags = [persistence ? SERVICE_PERSISTENT : 0, onePacket ? SERVICE_ONE_PACKET : 0];
  return [...flags, ...schedulerFlags.map((flag) => SCHEDULER_FLAG_BITS[flag])].reduce((all, bit) => all | bit, 0);
}

function optionsOf(flags: number): ServiceOptions {
  const schedulerFlags = SCHEDULER_FLAGS.filter((flag) => (flags & SCHEDULER_FLAG_BITS[flag]) !== 0);
  return {
    ...(schedulerFlags.length > 0 && { schedulerFlags }),
    ...((flags & SERVICE_ONE_PACKET) !== 0 && { onePacket: true }),
  };
}
