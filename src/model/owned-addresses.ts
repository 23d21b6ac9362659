// SPDX-License-Identifier: MIT
// VIPs that the director puts on an interface itself, where VRRP does not. No I/O here.

import { XdirectorError } from "../errors.ts";
import type { Address } from "./address.ts";
import { type DesiredState, isMark } from "./service.ts";

/** How the director owns the VIPs of its services. */
export interface AddressOwnership {
  /** The director's first one when left out. */
  readonly interface?: string;
  /** ms between announcements of what nobody has asked for; 0: only when an address comes, or its link. */
  readonly refresh: number;
}

/** The addresses that the director has to own: each once. */
export function ownedVips({ addresses, services }: DesiredState): Set<Address> {
  return new Set(addresses ? services.flatMap((service) => (isMark(service) ? [] : service.vip)) : []);
}

/** @throws INVALID_VALUE when keepalived would own addresses as well */
export function assertOneOwner({ addresses, vrrp }: DesiredState): void {
  if (!addresses || vrrp === undefined) return;
  const message = "with vrrp, addresses are keepalived's: they cannot be managed by the director as well";
  throw new XdirectorError("INVALID_VALUE", message, [{ field: "addresses", message }]);
}
