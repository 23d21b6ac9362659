// SPDX-License-Identifier: MIT
// Classifiers of traffic control on an interface: programs that see packets as the stack sends and gets them.

import { native } from "./native.ts";
import type { BpfProgram } from "./program.ts";

export interface FilterPrograms {
  readonly ingress: BpfProgram;
  readonly egress: BpfProgram;
}

/** Tells our filters from others' at the same place: "xd". */
const HANDLE = 0x7864;
/** The same at ingress where the queue discipline is ours as well: the next process must know, should this one be killed. */
const HANDLE_WITH_HOOKS = 0x7865;

/**
 * Both programs on one interface. They are attached by netlink, since Linux 6.1 has no links for it, and outlive this
 * process unless they are closed.
 */
export class TcFilters implements Disposable {
  readonly ifindex: number;
  readonly #handleOfIngress: number;

  private constructor(ifindex: number, handleOfIngress: number) {
    this.ifindex = ifindex;
    this.#handleOfIngress = handleOfIngress;
  }

  /** Take the places of those that are there. @throws BpfError ENODEV, EPERM, and then nothing is attached */
  static attach({ ingress, egress }: FilterPrograms, ifindex: number): TcFilters {
    TcFilters.remove(ifindex);
    const handleOfIngress = native.makeHooks(ifindex) ? HANDLE_WITH_HOOKS : HANDLE;
    try {
      native.attachFilter(ingress.native, ifindex, "ingress", handleOfIngress);
      native.attachFilter(egress.native, ifindex, "egress", HANDLE);
    } catch (error) {
      TcFilters.remove(ifindex);
      throw error;
    }
    return new TcFilters(ifindex, handleOfIngress);
  }

  /**
   * Takes off what this or an earlier process has attached, with the queue discipline if that was made for it and nobody
   * else has filters there. Does nothing when the interface is gone. @throws BpfError
   */
  static remove(ifindex: number): void {
    native.detachFilter(ifindex, "egress", HANDLE);
    native.detachFilter(ifindex, "ingress", HANDLE);
    if (native.detachFilter(ifindex, "ingress", HANDLE_WITH_HOOKS)) native.removeUnusedHooks(ifindex);
  }

  /** False once somebody has taken them off one by one, or with the queue discipline or the interface. @throws BpfError */
  get areAttached(): boolean {
    return this.sendsThrough && native.hasFilter(this.ifindex, "ingress", this.#handleOfIngress);
  }

  /** Of the program at egress alone. @throws BpfError */
  get sendsThrough(): boolean {
    return native.hasFilter(this.ifindex, "egress", HANDLE);
  }

  close(): void {
    TcFilters.remove(this.ifindex);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
