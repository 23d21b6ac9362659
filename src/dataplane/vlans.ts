// SPDX-License-Identifier: MIT
// The data plane's knowledge of VLAN devices: routes name them, but frames leave by what they are on.

import type { BpfMap } from "../bpf/index.ts";
import type { ResolvedNextHop, VlanDevice } from "../model/next-hop.ts";

/** `struct vlan_device` of bpf/xdirector.h */
export interface VlanDeviceRecord {
  parent: number;
  id: number;
  zero: Uint8Array;
}

/** VLAN_AS_IT_CAME and VLAN_NONE of bpf/xdirector.h */
const AS_IT_CAME = 0;
const NONE = 0xffff;

export function putVlans(map: BpfMap<number, VlanDeviceRecord>, vlans: readonly VlanDevice[]): void {
  const wanted = new Set(vlans.map(({ ifindex }) => ifindex));
  for (const ifindex of [...map.keys()]) if (!wanted.has(ifindex)) map.delete(ifindex);
  for (const { ifindex, parent, id } of vlans) map.set(ifindex, { parent, id, zero: new Uint8Array(2) });
}

/** Field `vlan` of `struct server`. */
export function toVlanField({ vlan }: ResolvedNextHop): number {
  return vlan === undefined ? AS_IT_CAME : vlan || NONE;
}

/** Inverse of {@link toVlanField}. */
export function fromVlanField(field: number): Pick<ResolvedNextHop, "vlan"> {
  if (field === AS_IT_CAME) return {};
  return { vlan: field === NONE ? 0 : field };
}
