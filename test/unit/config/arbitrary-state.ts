// SPDX-License-Identifier: MIT
// Random valid desired states, for property tests.

import fc from "fast-check";
import { type Address, parseAddress } from "../../../src/model/address.ts";
import {
  type DesiredState,
  type RealServer,
  SCHEDULER_NAMES,
  serviceKey,
  type VirtualService,
  WEIGHT_MAX,
} from "../../../src/model/service.ts";

const port = fc.integer({ min: 1, max: 65535 });
const ipv4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255));
const ipv6Tail = fc.array(fc.nat(0xffff), { minLength: 6, maxLength: 6 });

const ipv4Address = ipv4.map((bytes) => bytes.join(".") as Address);
const ipv6Address = ipv6Tail.map(
  (words) => parseAddress(`2001:db8:${words.map((word) => word.toString(16)).join(":")}`) as Address,
);

const ipv4Service = arbitraryService(ipv4Address, ["direct", "tunnel"]);
const ipv6Service = arbitraryService(ipv6Address, ["direct"]);

/** Services of both families with unique names; servers as their methods allow. */
export const arbitraryState: fc.Arbitrary<DesiredState> = fc
  .uniqueArray(fc.oneof(ipv4Service, ipv6Service), { selector: serviceKey, maxLength: 6 })
  .map((services) => ({ services }));

function arbitraryService(
  address: fc.Arbitrary<Address>,
  methods: readonly RealServer["method"][],
): fc.Arbitrary<VirtualService> {
  const server = fc.record({
    rip: address,
    method: fc.constantFrom(...methods),
    weight: fc.oneof(fc.nat(10), fc.nat(WEIGHT_MAX)),
  });
  const service = fc.record({
    protocol: fc.constantFrom("tcp", "udp"),
    vip: address,
    port,
    scheduler: fc.constantFrom(...SCHEDULER_NAMES),
    servers: fc.uniqueArray(server, { selector: ({ rip }) => rip, maxLength: 4 }),
  });
  return service.map((fields) => ({
    ...fields,
    servers: fields.servers.map((each) => ({ ...each, port: fields.port })),
  }));
}
