// SPDX-License-Identifier: MIT
// IPVS's estimator of rates (net/netfilter/ipvs/ip_vs_est.c): every two seconds a quarter of the way to the rate of
// those two seconds, in fixed point. Pure.

import { type Counters, NO_COUNTERS } from "./snapshot.ts";

/** Between two steps, in ms. */
export const ESTIMATION_INTERVAL = 2000;

/** In units of 1/1024 (bytes: 1/32) a second; as the kernel's `struct ip_vs_estimator`. */
export interface Estimate {
  readonly scaled: Counters;
}

export const NO_ESTIMATE: Estimate = { scaled: NO_COUNTERS };

/** `delta`: what was counted in the last two seconds. */
export function nextEstimate({ scaled }: Estimate, delta: Counters): Estimate {
  return {
    scaled: mapCounters((name) => scaled[name] + Math.floor((delta[name] * unitOf(name) - scaled[name]) / 4)),
  };
}

/** A second, as ipvsadm shows it. */
export function ratesOf({ scaled }: Estimate): Counters {
  return mapCounters((name) => Math.floor((scaled[name] + unitOf(name) - 1) / (2 * unitOf(name))));
}

/** Written out, because listings do it for every server. */
export function mapCounters(value: (name: keyof Counters) => number): Counters {
  return {
    connections: value("connections"),
    packets: value("packets"),
    outPackets: value("outPackets"),
    bytes: value("bytes"),
    outBytes: value("outBytes"),
  };
}

/** Half of what stands for one a second: the interval has two. */
function unitOf(name: keyof Counters): number {
  return name === "bytes" || name === "outBytes" ? 16 : 512;
}
