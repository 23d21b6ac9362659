// SPDX-License-Identifier: MIT
// From the parameters of a resource's path to what names it, with canonical addresses.

import type Type from "typebox";
import { toAddress } from "../config/document.ts";
import type { ServerAddress } from "../model/edits.ts";
import type { ServiceAddress } from "../model/service.ts";
import type { ServerPath, ServicePath } from "./schemas.ts";

export const SERVICE_URL = "/v1/services/:protocol/:vip/:port";
export const SERVERS_URL = `${SERVICE_URL}/servers`;
export const SERVER_URL = `${SERVERS_URL}/:rip/:serverPort`;

export function serviceAt({ protocol, vip, port }: Type.Static<typeof ServicePath>): ServiceAddress {
  return { protocol, vip: toAddress(vip), port };
}

export function serverAt({ rip, serverPort }: Type.Static<typeof ServerPath>): ServerAddress {
  return { rip: toAddress(rip), port: serverPort };
}
