// SPDX-License-Identifier: MIT
// Random valid desired states, for property tests.

import fc from "fast-check";
import { type Address, type Family, parseAddress } from "../../../src/model/address.ts";
import {
  type DesiredState,
  isMark,
  MARK_MAX,
  MSS_MAX,
  MSS_MIN,
  type Netmask,
  PERSISTENCE_TIMEOUT_MAX,
  type Persistence,
  type RealServer,
  SCHEDULER_FLAGS,
  SCHEDULER_NAMES,
  type ServiceAddress,
  serviceKey,
  THRESHOLD_MAX,
  type Tunnel,
  type VirtualService,
  WEIGHT_MAX,
} from "../../../src/model/service.ts";
import { type Settings, TIMEOUT_MAX } from "../../../src/model/settings.ts";

export const port = fc.integer({ min: 1, max: 65535 });
const ipv4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255));
const ipv6Tail = fc.array(fc.nat(0xffff), { minLength: 6, maxLength: 6 });

export const ipv4Address = ipv4.map((bytes) => bytes.join(".") as Address);
const ipv6Address = ipv6Tail.map(
  (words) => parseAddress(`2001:db8:${words.map((word) => word.toString(16)).join(":")}`) as Address,
);

const tunnel: fc.Arbitrary<Tunnel | undefined> = fc.oneof(
  fc.constant(undefined),
  plainRecord({ type: fc.constant("gue" as const), port, checksum: fc.boolean() }),
  plainRecord({ type: fc.constant("gre" as const), port: fc.constant(0), checksum: fc.boolean() }),
);

const ipv4Service = arbitraryService("ipv4", ipv4Address);
const ipv6Service = arbitraryService("ipv6", ipv6Address);

const onOff = fc.constantFrom(0 as const, 1 as const);
const defence = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
const timeout = fc.integer({ min: 1, max: TIMEOUT_MAX });
const timeouts = { tcp: timeout, tcpFin: timeout, udp: timeout };

const settings: fc.Arbitrary<Settings> = plainRecord({
  connReuseMode: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  expireNodestConn: onOff,
  expireQuiescentTemplate: onOff,
  sloppyTcp: onOff,
  sloppySctp: onOff,
  natIcmpSend: onOff,
  dropEntry: defence,
  dropPacket: defence,
  amDroprate: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  amemthresh: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  lblcExpiration: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  lblcrExpiration: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  pmtuDisc: onOff,
  secureTcp: fc.constantFrom(0 as const, 3 as const),
  timeouts: plainRecord(timeouts),
});

/** Services of both families with unique names; servers as their methods allow. */
export const arbitraryState: fc.Arbitrary<DesiredState> = plainRecord({
  services: fc.uniqueArray(fc.oneof(ipv4Service, ipv6Service), { selector: serviceKey, maxLength: 6 }),
  settings,
});

/** fast-check also makes objects without prototype, which no parser does. */
export function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

function arbitraryService(family: Family, address: fc.Arbitrary<Address>): fc.Arbitrary<VirtualService> {
  const named: fc.Arbitrary<ServiceAddress> = fc.oneof(
    plainRecord({ protocol: fc.constantFrom("tcp" as const, "udp" as const), vip: address, port }),
    plainRecord({ mark: fc.integer({ min: 1, max: MARK_MAX }), family: fc.constant(family) }),
  );
  return named.chain((name) => {
    const settings = fc.record(
      {
        scheduler: fc.constantFrom(...SCHEDULER_NAMES),
        schedulerFlags: fc.subarray([...SCHEDULER_FLAGS], { minLength: 1 }),
        persistence: arbitraryPersistence(family),
        persistenceEngine: fc.constant("sip" as const),
        onePacket: fc.constant(true as const),
        mssClamp: fc.integer({ min: MSS_MIN, max: MSS_MAX }),
      },
      { requiredKeys: ["scheduler"], noNullPrototype: true },
    );
    const servers = fc.uniqueArray(arbitraryServer(name, address), { selector: ({ rip }) => rip, maxLength: 4 });
    return fc.tuple(settings, servers).map(([{ onePacket, mssClamp, ...others }, list]) => ({
      ...name,
      ...others,
      ...(onePacket && (isMark(name) || name.protocol === "udp") && { onePacket }),
      ...(mssClamp && (isMark(name) || name.protocol === "tcp") && { mssClamp }),
      servers: list,
    }));
  });
}

function arbitraryPersistence(family: Family): fc.Arbitrary<Persistence> {
  const timeout = fc.integer({ min: 1, max: PERSISTENCE_TIMEOUT_MAX });
  const netmask: fc.Arbitrary<Netmask> = family === "ipv4" ? ipv4Address : fc.integer({ min: 1, max: 128 });
  return plainRecord({ timeout, netmask });
}

function arbitraryServer(service: ServiceAddress, address: fc.Arbitrary<Address>): fc.Arbitrary<RealServer> {
  const weight = fc.oneof(fc.nat(10), fc.nat(WEIGHT_MAX));
  const ofService = isMark(service) ? port : fc.constant(service.port);
  const server: fc.Arbitrary<RealServer> = fc.oneof(
    plainRecord({ rip: address, port: ofService, method: fc.constant("direct" as const), weight }),
    plainRecord({ rip: address, port, method: fc.constant("masquerade" as const), weight }),
    fc.tuple(fc.oneof(ipv4Address, ipv6Address), ofService, weight, tunnel).map(([rip, at, share, wrap]) => ({
      ...{ rip, port: at, method: "tunnel" as const, weight: share },
      ...(wrap && { tunnel: wrap }),
    })),
  );
  const thresholds = fc.oneof(
    fc.constant({}),
    plainRecord({
      upperThreshold: fc.integer({ min: 5, max: THRESHOLD_MAX }),
      lowerThreshold: fc.integer({ min: 1, max: 5 }),
    }),
  );
  return fc.tuple(server, thresholds).map(([each, limits]) => ({ ...each, ...limits }));
}
