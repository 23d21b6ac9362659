// SPDX-License-Identifier: MIT
// Which address of the director a probe of a VIP leaves from. A server that has the VIP takes what comes from there
// for its own; and that is what the stack chooses where the VIP is the newest address of an interface (IPv6).

import { networkInterfaces } from "node:os";
import { type Address, type Family, familyOf } from "../model/address.ts";
import { type Prefix, shortened } from "../model/prefix.ts";

/** An address of this machine, with the length of its network's prefix. */
export interface OwnAddress {
  readonly address: Address;
  readonly prefix: number;
}

/** Those that packets to other machines may come from. */
export function ownAddresses(): OwnAddress[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.flatMap(({ address, cidr, internal, scopeid = 0 }) =>
    internal || scopeid !== 0 ? [] : { address: address as Address, prefix: Number(cidr?.split("/")[1]) },
  );
}

/** What the stack would choose unless that is a VIP; then the machine's address in the server's network, or any other. */
export function chooseSource(
  { rip, dip }: { readonly rip: Address; readonly dip: Address },
  vips: ReadonlySet<Address>,
  own: readonly OwnAddress[],
): Address | undefined {
  if (!vips.has(dip)) return dip;
  const family = familyOf(rip);
  const usable = own.filter(({ address }) => familyOf(address) === family && !vips.has(address));
  const near = usable.find(({ address, prefix }) => network(address, prefix) === network(rip, prefix));
  return (near ?? usable[0])?.address;
}

const BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

function network(address: Address, length: number): Prefix {
  return shortened(`${address}/${BITS[familyOf(address)]}` as Prefix, length);
}
