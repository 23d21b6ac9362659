// SPDX-License-Identifier: MIT
// All scenarios, by the file of vectors that they are recorded in.

import { CHANGES } from "./changes.ts";
import { DIRECT } from "./direct.ts";
import { FRAGMENTS } from "./fragments.ts";
import { HASHING } from "./hashing.ts";
import { ICMP_ANSWERS } from "./icmp-answers.ts";
import { ICMP_ERRORS } from "./icmp-errors.ts";
import { MASQUERADE } from "./masquerade.ts";
import type { Scenario } from "./scenario.ts";
import { SCHEDULING } from "./scheduling.ts";
import { SCTP_ASSOCIATIONS } from "./sctp.ts";
import { SETTINGS } from "./settings.ts";
import { STACK } from "./stack.ts";
import { TCP_STATES } from "./tcp-states.ts";
import { TUNNEL } from "./tunnel.ts";
import { TUNNEL_ERRORS } from "./tunnel-errors.ts";
import { VLAN } from "./vlan.ts";

export const SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  changes: CHANGES,
  direct: DIRECT,
  fragments: FRAGMENTS,
  icmp: [...ICMP_ANSWERS, ...ICMP_ERRORS],
  hashing: HASHING,
  masquerade: MASQUERADE,
  scheduling: SCHEDULING,
  sctp: SCTP_ASSOCIATIONS,
  settings: SETTINGS,
  stack: STACK,
  "tcp-states": TCP_STATES,
  tunnel: TUNNEL,
  "tunnel-errors": TUNNEL_ERRORS,
  vlan: VLAN,
};
