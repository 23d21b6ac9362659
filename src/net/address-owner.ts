// SPDX-License-Identifier: MIT
// Puts VIPs on an interface, announces them as keepalived does, and takes off what is no VIP any more. What it added
// is marked in the kernel (IFA_PROTO), so that the next process knows it for its own: like the data plane, addresses
// outlive the daemon. An address that somebody else has put on the machine is left alone.

import { XdirectorError } from "../errors.ts";
import { type Address, familyOf } from "../model/address.ts";
import { ownedVips } from "../model/owned-addresses.ts";
import type { DesiredState } from "../model/service.ts";
import { announcement } from "./announcement.ts";
import type { Link, LinkAddress } from "./facts.ts";
import { sendFrame } from "./frame-socket.ts";
import { Netlink } from "./netlink.ts";

/** keepalived's garp_master_repeat and garp_master_delay, in ms. */
const REPEATS = 5;
const SECOND_ROUND = 5_000;
const PREFIX = { ipv4: 32, ipv6: 128 } as const;

export interface AddressOwnerOptions {
  /** The interface of a state that names none. */
  readonly interface: string;
  readonly report: (message: string) => void;
}

export class AddressOwner {
  readonly #netlink = new Netlink();
  readonly #options: AddressOwnerOptions;
  /** Undefined until it is known: what the process before has added stays meanwhile. */
  #wanted: ReadonlySet<Address> | undefined;
  #interface: string;
  /** Those that have been announced since their link came up. */
  #announced: ReadonlySet<Address> = new Set();
  readonly #secondRounds = new Set<NodeJS.Timeout>();
  #refresh: NodeJS.Timeout | undefined;

  constructor(options: AddressOwnerOptions) {
    this.#options = options;
    this.#interface = options.interface;
  }

  /** Owns the VIPs of the state and no others. @throws INVALID_VALUE when there is no such interface, NetlinkError */
  follow(state: DesiredState): void {
    const { interface: name = this.#options.interface, refresh = 0 } = state.addresses ?? {};
    const wanted = ownedVips(state);
    // One that has gone since is waited for: other changes need not.
    const isNew = name !== this.#interface || [...wanted].some((address) => !this.#wanted?.has(address));
    if (isNew && wanted.size > 0 && !this.#netlink.link(name)) {
      const message = `no interface "${name}" for VIPs`;
      throw new XdirectorError("INVALID_VALUE", message, [{ field: "addresses.interface", message }]);
    }
    this.#wanted = wanted;
    this.#interface = name;
    this.#settle();
    clearInterval(this.#refresh);
    this.#refresh = undefined;
    if (refresh > 0) this.#refresh = setInterval(() => this.#announce(this.#announced), refresh).unref();
  }

  /** To be called when addresses or links have changed: puts back what is missing, announces by a link that is back. */
  check(): void {
    try {
      this.#settle();
    } catch (error) {
      this.#options.report(`VIPs: ${(error as Error).message}`);
    }
  }

  /** The addresses stay. */
  close(): void {
    clearInterval(this.#refresh);
    for (const timer of this.#secondRounds) clearTimeout(timer);
    this.#netlink.close();
  }

  #settle(): void {
    const wanted = this.#wanted;
    if (!wanted) return;
    const link = this.#netlink.link(this.#interface);
    const present = this.#netlink.addresses();
    const stays = (found: LinkAddress) => found.ifindex === link?.index && wanted.has(found.address);
    const leaving = present.filter((found) => found.isOurVip && !stays(found));
    for (const found of leaving) this.#remove(found);
    if (!link) return;
    const taken = new Set(present.filter((found) => !leaving.includes(found)).map(({ address }) => address));
    for (const address of wanted) if (!taken.has(address)) this.#add(address, link);
    const others = new Set(present.filter(({ isOurVip }) => !isOurVip).map(({ address }) => address));
    this.#tell(new Set([...wanted].filter((address) => !others.has(address))), link);
  }

  #add(address: Address, link: Link): void {
    this.#netlink.addVip({ ifindex: link.index, address, prefix: PREFIX[familyOf(address)] });
    this.#announced = new Set([...this.#announced].filter((known) => known !== address));
    this.#options.report(`VIP ${address} added to ${link.name}`);
  }

  #remove(found: LinkAddress): void {
    if (!this.#netlink.deleteAddress(found)) return;
    this.#options.report(`VIP ${found.address} removed`);
  }

  /** Announces those that are new, all of them when the link has come up. */
  #tell(held: ReadonlySet<Address>, link: Link): void {
    if (!link.isRunning) {
      this.#announced = new Set();
      return;
    }
    const fresh = [...held].filter((address) => !this.#announced.has(address));
    this.#announced = held;
    if (fresh.length === 0) return;
    for (let round = 0; round < REPEATS; round++) this.#announce(fresh);
    const timer = setTimeout(() => {
      this.#secondRounds.delete(timer);
      for (let round = 0; round < REPEATS; round++)
        this.#announce(fresh.filter((address) => this.#announced.has(address)));
    }, SECOND_ROUND).unref();
    this.#secondRounds.add(timer);
  }

  #announce(addresses: Iterable<Address>): void {
    try {
      const link = this.#netlink.link(this.#interface);
      if (!link?.mac || !link.isRunning) return;
      for (const address of addresses) sendFrame(link.index, announcement(address, link.mac));
    } catch (error) {
      this.#options.report(`VIPs not announced: ${(error as Error).message}`);
    }
  }
}

/** Takes off what any director of this machine has added. @throws NetlinkError */
export function releaseAddresses(): void {
  using netlink = new Netlink();
  for (const found of netlink.addresses()) if (found.isOurVip) netlink.deleteAddress(found);
}
