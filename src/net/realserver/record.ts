// SPDX-License-Identifier: MIT
// What a real server's set-up found and changed, so that it can be undone exactly. No I/O here.

import type { Address } from "../../model/address.ts";
import { type SysctlKey, wantedValue } from "./sysctl.ts";

/** The kernel's own tunnel device takes packets out of their tunnel. */
export interface TunnelDevice {
  readonly kind: "device";
  readonly name: string;
  /** Whether it was there before. */
  readonly created: boolean;
  readonly wasUp: boolean;
}

/** Our program does, on the interface itself. */
export interface TunnelProgram {
  readonly kind: "program";
  /** The folder of its pins. */
  readonly pins: string;
}

export type Decapsulation = TunnelDevice | TunnelProgram;

/** What has to be put back. */
export interface Changes {
  /** Values found, by key. */
  readonly sysctls: Readonly<Record<SysctlKey, string>>;
  /** VIPs that were not on lo before. */
  readonly addedVips: readonly Address[];
  readonly decapsulation: Decapsulation | undefined;
}

/** One interface that is set up. */
export interface RealServerRecord extends Changes {
  readonly interface: string;
  readonly vips: readonly Address[];
}

export const NO_CHANGES: Changes = { sysctls: {}, addedVips: [], decapsulation: undefined };

/** What a set-up needs now. */
export interface Needs {
  readonly sysctls: readonly SysctlKey[];
  readonly vips: readonly Address[];
  readonly decapsulation: Decapsulation | undefined;
}

/** Parts an earlier run's changes into those that are still needed and those to put back. */
export function divide(changes: Changes, needs: Needs): { readonly kept: Changes; readonly surplus: Changes } {
  const sysctls = Object.entries(changes.sysctls);
  const isNeeded = ([key]: readonly [string, string]) => needs.sysctls.includes(key);
  return {
    kept: {
      sysctls: Object.fromEntries(sysctls.filter(isNeeded)),
      addedVips: changes.addedVips.filter((vip) => needs.vips.includes(vip)),
      decapsulation: needs.decapsulation && changes.decapsulation,
    },
    surplus: {
      sysctls: Object.fromEntries(sysctls.filter((entry) => !isNeeded(entry))),
      addedVips: changes.addedVips.filter((vip) => !needs.vips.includes(vip)),
      decapsulation: needs.decapsulation ? undefined : changes.decapsulation,
    },
  };
}

/**
 * Two interfaces of a host share VIPs, the settings of `all` and `lo`, and the tunnel device. What `other` still
 * needs of `surplus` becomes its to put back.
 */
export function handOver(
  surplus: Changes,
  other: RealServerRecord,
): { readonly surplus: Changes; readonly other: RealServerRecord } {
  const sysctls = Object.entries(surplus.sysctls);
  const isShared = ([key]: readonly [string, string]) => key in other.sysctls;
  // When it found the value that both want, somebody else - perhaps `other` - had changed it before.
  const changedFirst = sysctls.filter(([key, found]) => isShared([key, found]) && found !== wantedValue(key));
  const device = sharedDevice(surplus, other);
  return {
    surplus: {
      sysctls: Object.fromEntries(sysctls.filter((entry) => !isShared(entry))),
      addedVips: surplus.addedVips.filter((vip) => !other.vips.includes(vip)),
      decapsulation: device ? undefined : surplus.decapsulation,
    },
    other: {
      ...other,
      sysctls: { ...other.sysctls, ...Object.fromEntries(changedFirst) },
      addedVips: [...new Set([...other.addedVips, ...surplus.addedVips.filter((vip) => other.vips.includes(vip))])],
      decapsulation: device ?? other.decapsulation,
    },
  };
}

function sharedDevice({ decapsulation: one }: Changes, { decapsulation: two }: Changes): TunnelDevice | undefined {
  if (one?.kind !== "device" || two?.kind !== "device") return undefined;
  return { ...two, created: one.created || two.created, wasUp: one.wasUp && two.wasUp };
}
