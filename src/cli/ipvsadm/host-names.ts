// SPDX-License-Identifier: MIT
// Names of hosts as ipvsadm asks for them: gethostbyname, which knows IPv4 only, and gethostbyaddr.

import { type Address, parseAddress } from "../../model/address.ts";

export interface HostNames {
  /** Undefined when the name has no IPv4 address. */
  addressOf(name: string): Promise<Address | undefined>;
  /** The address itself when it has no name. */
  nameOf(address: Address): Promise<string>;
}

export const SYSTEM_HOST_NAMES: HostNames = {
  async addressOf(name) {
    const { lookup } = await resolver();
    const found = await lookup(name, { family: 4 }).catch(() => undefined);
    return found && parseAddress(found.address);
  },
  async nameOf(address) {
    const { lookupService } = await resolver();
    const found = await lookupService(address, 0).catch(() => undefined);
    return found?.hostname ?? address;
  },
};

/** Most commands name no host: the module is only loaded when one does. */
function resolver() {
  return import("node:dns/promises");
}
