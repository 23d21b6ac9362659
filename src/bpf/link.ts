// SPDX-License-Identifier: MIT
// An XDP program on an interface.

import { BpfError } from "./error.ts";
import { type NativeLink, native } from "./native.ts";
import { makePinFolder } from "./pin.ts";
import type { BpfProgram } from "./program.ts";

/** `native`: in the driver, before an skb exists; `generic`: in the stack, with every driver but slower. */
export type XdpMode = "native" | "generic";

const ENODEV = 19;

/**
 * An attachment. It lasts as long as something refers to it: closing the only reference detaches the program,
 * a pin keeps it beyond the life of this process.
 */
export class XdpLink implements Disposable {
  readonly ifindex: number;
  readonly mode: XdpMode;
  readonly #native: NativeLink;

  private constructor(link: NativeLink, ifindex: number, mode: XdpMode) {
    this.#native = link;
    this.ifindex = ifindex;
    this.mode = mode;
  }

  /**
   * Attaches a program to an interface of this process's network namespace. `auto` falls back to generic mode
   * where native does not work; {@link mode} says which it became.
   * @throws BpfError EBUSY when another program is attached, EINVAL or EOPNOTSUPP when the driver refuses, ENODEV
   */
  static attach(program: BpfProgram, ifindex: number, mode: "auto" | XdpMode = "auto"): XdpLink {
    if (mode !== "auto") return new XdpLink(native.Link.attach(program.native, ifindex, mode), ifindex, mode);
    try {
      return XdpLink.attach(program, ifindex, "native");
    } catch (cause) {
      try {
        return XdpLink.attach(program, ifindex, "generic");
      } catch (error) {
        if (error instanceof Error) error.cause = cause;
        throw error;
      }
    }
  }

  /**
   * A pinned link, in the network namespace of its interface.
   * @throws BpfError ENOENT when nothing is pinned there, ENODEV when it was detached or its interface is gone
   */
  static open(path: string): XdpLink {
    const link = native.Link.open(path);
    const { ifindex, programId } = link.info();
    if (ifindex === 0) {
      link.close();
      throw new BpfError({ operation: "XdpLink.open", errno: ENODEV, detail: `${path} is not attached any more` });
    }
    const attached = native.queryXdp(ifindex);
    return new XdpLink(link, ifindex, attached.generic === programId ? "generic" : "native");
  }

  get id(): number {
    return this.#native.info().id;
  }

  /** The program that runs now. */
  get programId(): number {
    return this.#native.info().programId;
  }

  /** Puts another program in its place at once: every packet meets the one or the other. @throws BpfError */
  update(program: BpfProgram): void {
    this.#native.update(program.native);
  }

  /** Makes missing folders. @throws BpfError EEXIST when the name is taken */
  pin(path: string): void {
    makePinFolder(path);
    this.#native.pin(path);
  }

  /** Takes the program off the interface even while a pin or another process holds the link. @throws BpfError */
  detach(): void {
    this.#native.detach();
  }

  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
