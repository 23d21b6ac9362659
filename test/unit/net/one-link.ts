// SPDX-License-Identifier: MIT
// Facts of a machine with one interface: its link, and the route that is on it.

import type { Address } from "../../../src/model/address.ts";
import type { Link, Route } from "../../../src/net/facts.ts";

export const LINK: Link = {
  index: 3,
  name: "eth0",
  mac: "02:00:00:00:00:01",
  mtu: 1500,
  isUp: true,
  isRunning: true,
  kind: "",
};

export const ROUTE: Route = {
  type: "unicast",
  ifindex: 3,
  gateway: undefined,
  source: "192.0.2.1" as Address,
  mtu: undefined,
};
