// SPDX-License-Identifier: MIT
// `addresses` of documents: VIPs that the director owns itself. Pure.

import type { AddressOwnership } from "../model/owned-addresses.ts";
import type { AddressesDocument } from "./owned-addresses-schema.ts";

const MS_PER_SECOND = 1000;

export function toOwnership(document: AddressesDocument): AddressOwnership {
  const { interface: name, refresh = 0 } = document === "managed" ? {} : document;
  return { ...(name !== undefined && { interface: name }), refresh: Math.round(refresh * MS_PER_SECOND) };
}

/** Inverse of {@link toOwnership}. */
export function toAddressesDocument({ interface: name, refresh }: AddressOwnership): AddressesDocument {
  if (name === undefined && refresh === 0) return "managed";
  return { ...(name !== undefined && { interface: name }), ...(refresh > 0 && { refresh: refresh / MS_PER_SECOND }) };
}
