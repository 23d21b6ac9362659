// SPDX-License-Identifier: MIT
// The kernel's IP-in-IP device, where there is one.

import type { Netlink } from "../netlink.ts";
import { NetlinkError } from "../netlink-error.ts";
import type { TunnelDevice } from "./record.ts";

/** The name under which the kernel's module makes its catch-all device. */
const NAME = "tunl0";
const KIND = "ipip";

export type TunnelLinks = Pick<Netlink, "link" | "createLink" | "deleteLink" | "setLinkUp" | "setLinkDown">;

/** The device, made when it is missing; undefined where the kernel knows no such devices. @throws NetlinkError */
export function findTunnelDevice(links: TunnelLinks): TunnelDevice | undefined {
  const found = links.link(NAME);
  if (found) return found.kind === KIND ? device({ created: false, wasUp: found.isUp }) : undefined;
  try {
    links.createLink({ name: NAME, kind: KIND });
    return device({ created: true, wasUp: false });
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    if (error.code === "ENOTSUP") return undefined;
    // Loading the module has made the device before we could.
    if (error.code === "EEXIST") return device({ created: false, wasUp: false });
    throw error;
  }
}

export function startTunnelDevice(links: TunnelLinks, { name }: TunnelDevice): void {
  const link = links.link(name);
  if (link && !link.isUp) links.setLinkUp(link.index);
}

export function restoreTunnelDevice(links: TunnelLinks, { name, created, wasUp }: TunnelDevice): void {
  const link = links.link(name);
  if (!link) return;
  if (created) links.deleteLink(link.index);
  else if (!wasUp) links.setLinkDown(link.index);
}

function device(state: Pick<TunnelDevice, "created" | "wasUp">): TunnelDevice {
  return { kind: "device", name: NAME, ...state };
}
