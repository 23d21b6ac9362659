// SPDX-License-Identifier: MIT
// Whether the servers that are alive are enough. Pure.

export interface QuorumInput {
  readonly wasUp: boolean;
  readonly quorum: number;
  readonly hysteresis: number;
  /** Sum of the live servers' weights. */
  readonly weight: number;
}

export interface Quorum {
  readonly isUp: boolean;
  /** What the weight was compared with. */
  readonly threshold: number;
}

/** keepalived's update_quorum_state: no weight at all is never enough. */
export function decideQuorum({ wasUp, quorum, hysteresis, weight }: QuorumInput): Quorum {
  const threshold = quorum + (wasUp ? -hysteresis : hysteresis);
  return { isUp: weight >= threshold && (!wasUp || weight > 0), threshold };
}
