// SPDX-License-Identifier: MIT
// Random valid desired states, for property tests.

import fc from "fast-check";
import { type Address, parseAddress } from "../../../src/model/address.ts";
import {
  type DesiredState,
  type RealServer,
  SCHEDULER_NAMES,
  serviceKey,
  type Tunnel,
  type VirtualService,
  WEIGHT_MAX,
} from "../../../src/model/service.ts";
import { type Settings, TIMEOUT_MAX } from "../../../src/model/settings.ts";

const port = fc.integer({ min: 1, max: 65535 });
const ipv4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255));
const ipv6Tail = fc.array(fc.nat(0xffff), { minLength: 6, maxLength: 6 });

const ipv4Address = ipv4.map((bytes) => bytes.join(".") as Address);
const ipv6Address = ipv6Tail.map(
  (words) => parseAddress(`2001:db8:${words.map((word) => word.toString(16)).join(":")}`) as Address,
);

const tunnel: fc.Arbitrary<Tunnel | undefined> = fc.oneof(
  fc.constant(undefined),
  plainRecord({ type: fc.constant("gue" as const), port, checksum: fc.boolean() }),
  plainRecord({ type: fc.constant("gre" as const), port: fc.constant(0), checksum: fc.boolean() }),
);

const ipv4Service = arbitraryService(ipv4Address);
const ipv6Service = arbitraryService(ipv6Address);

const onOff = fc.constantFrom(0 as const, 1 as const);
const timeout = fc.integer({ min: 1, max: TIMEOUT_MAX });
const timeouts = { tcp: timeout, tcpFin: timeout, udp: timeout };

const settings: fc.Arbitrary<Settings> = plainRecord({
  connReuseMode: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  expireNodestConn: onOff,
  sloppyTcp: onOff,
  sloppySctp: onOff,
  natIcmpSend: onOff,
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
function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

function arbitraryService(address: fc.Arbitrary<Address>): fc.Arbitrary<VirtualService> {
  const weight = fc.oneof(fc.nat(10), fc.nat(WEIGHT_MAX));
  const server: fc.Arbitrary<Omit<RealServer, "port"> & { port?: number }> = fc.oneof(
    plainRecord({ rip: address, method: fc.constant("direct" as const), weight }),
    plainRecord({ rip: address, method: fc.constant("masquerade" as const), weight, port }),
    fc
      .tuple(fc.oneof(ipv4Address, ipv6Address), weight, tunnel)
      .map(([rip, share, wrap]) => ({ rip, method: "tunnel" as const, weight: share, ...(wrap && { tunnel: wrap }) })),
  );
  const service = plainRecord({
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    vip: address,
    port,
    scheduler: fc.constantFrom(...SCHEDULER_NAMES),
    servers: fc.uniqueArray(server, { selector: ({ rip }) => rip, maxLength: 4 }),
  });
  return service.map((fields) => ({
    ...fields,
    servers: fields.servers.map((each) => ({ port: fields.port, ...each })),
  }));
}
