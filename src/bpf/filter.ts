// SPDX-License-Identifier: MIT
// A classifier of traffic control on an interface: a program that sees packets as the stack sends and gets them.

import { native } from "./native.ts";
import type { BpfProgram } from "./program.ts";

export type FilterDirection = "ingress" | "egress";

/** Tells our filters from others' at the same place: "xd". */
const HANDLE = 0x7864;

/**
 * An attachment by netlink, since Linux 6.1 has no links for it: it outlives this process unless it is closed. There is
 * one for each interface and direction.
 */
export class TcFilter implements Disposable {
  readonly ifindex: number;
  readonly direction: FilterDirection;

  private constructor(ifindex: number, direction: FilterDirection) {
    this.ifindex = ifindex;
    this.direction = direction;
  }

  /** Takes the place of the one that is there. @throws BpfError ENODEV, EPERM */
  static attach(program: BpfProgram, ifindex: number, direction: FilterDirection): TcFilter {
    native.attachFilter(program.native, ifindex, direction, HANDLE);
    return new TcFilter(ifindex, direction);
  }

  /** Takes off what an earlier process left. Whether there was one. @throws BpfError */
  static remove(ifindex: number, direction: FilterDirection): boolean {
    return native.detachFilter(ifindex, direction, HANDLE);
  }

  /** Does nothing when the interface is gone. @throws BpfError */
  close(): void {
    TcFilter.remove(this.ifindex, this.direction);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
