// SPDX-License-Identifier: MIT
// The interfaces that the program is on. One that goes away takes its attachment along, and may come back as another
// device of the same name: a driver that was loaded again, a bond or a VLAN that was made anew.

import { type BpfMap, probe } from "../bpf/index.ts";
import { XdirectorError } from "../errors.ts";
import { type AttachOptions, attachOne } from "./attach.ts";
import type { Attachment, AttachmentChanges } from "./port.ts";

export interface AttachmentsOptions extends Omit<AttachOptions, "interfaces"> {
  /** Where packets may be sent on. */
  readonly devices: Pick<BpfMap<number, number>, "set">;
}

/** For a data plane that is not attached to anything. */
export const UNATTACHED: Pick<Attachments, "current" | "renew"> = {
  current: [],
  renew: () => ({ lost: [], attached: [], failed: [] }),
};

export class Attachments {
  readonly #options: AttachmentsOptions;
  readonly #names: readonly string[];
  #current: readonly Attachment[];

  /** `current`: to all the interfaces that are wanted. */
  constructor(options: AttachmentsOptions, current: readonly Attachment[]) {
    this.#options = options;
    this.#names = current.map(({ name }) => name);
    this.#current = current;
  }

  get current(): readonly Attachment[] {
    return this.#current;
  }

  renew(): AttachmentChanges {
    const before = this.#current;
    const indices = new Map(this.#names.map((name) => [name, probe.interfaceByName(name)?.index]));
    const lost = before.filter(({ name, ifindex }) => indices.get(name) !== ifindex);
    this.#current = before.filter((attachment) => !lost.includes(attachment));
    const attached: Attachment[] = [];
    const failed: XdirectorError[] = [];
    for (const name of this.#names) {
      const index = indices.get(name);
      if (index === undefined || this.#current.some((attachment) => attachment.name === name)) continue;
      const outcome = this.#attach(name, index);
      if (outcome instanceof XdirectorError) failed.push(outcome);
      else attached.push(outcome);
    }
    return { lost, attached, failed };
  }

  /** Or why that does not work: each interface is one's own matter. */
  #attach(name: string, ifindex: number): Attachment | XdirectorError {
    const { program, pins, mode, devices } = this.#options;
    try {
      devices.set(ifindex, ifindex);
      const attachment = { name, ifindex, mode: attachOne({ program, path: pins.link(name), name, ifindex, mode }) };
      this.#current = [...this.#current, attachment];
      return attachment;
    } catch (error) {
      if (error instanceof XdirectorError) return error;
      const message = `cannot attach to ${name}: ${(error as Error).message}`;
      return new XdirectorError("DATAPLANE_FAILED", message, [], error);
    }
  }
}
