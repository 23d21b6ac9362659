// SPDX-License-Identifier: MIT
// The image as text, one line an entry, in a stable order: the format of golden tests and of
// `xdirector dump`. No I/O here.

import type { NextHop } from "../model/next-hop.ts";
import { describeService, endpoint } from "../model/service.ts";
import type { DataplaneImage } from "./image.ts";

export function dump(image: DataplaneImage): string[] {
  const services = [...image.services.values()]
    .sort((a, b) => a.id - b.id)
    .map(
      (service) =>
        `service ${service.id} ${describeService(service)} ${service.scheduler}${service.removed ? " removed" : ""}`,
    );
  const tables = [...image.tables]
    .sort(([a], [b]) => a - b)
    .map(([id, { slots, position }]) => `table ${id} next ${position} of [${slots.join(" ")}]`);
  const servers = [...image.servers]
    .sort(([a], [b]) => a - b)
    .map(([slot, { service, rip, port, method, weight, nextHop }]) =>
      [`server ${slot} of ${service}`, endpoint(rip, port), method, `weight ${weight}`, describeNextHop(nextHop)].join(
        " ",
      ),
    );
  return [...services, ...tables, ...servers];
}

export function describeNextHop(nextHop: NextHop): string {
  if (nextHop.kind === "local") return "local";
  if (nextHop.kind === "unresolved") return `unresolved (${nextHop.reason})`;
  const { ifindex, sourceMac, destinationMac, dip, mtu } = nextHop;
  return `via ${ifindex} ${sourceMac} > ${destinationMac} dip ${dip} mtu ${mtu}`;
}
