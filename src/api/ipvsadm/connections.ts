// SPDX-License-Identifier: MIT
// ipvsadm's listing of connections with numbers for names. Pure.

import { endpoint } from "../../model/service.ts";
import type { Connection } from "../connections.ts";

const TITLE = "IPVS connection entries\npro expire state       source             virtual            destination";
/** No engine is there yet that would know something. */
const ENGINE_TITLE = "        pe name          pe_data";

/** Of the client's and the VIP's column; the server's is the last one. */
export const PLACE_WIDTH = 18;

export function connectionTitles({ withEngine }: { readonly withEngine: boolean }): string {
  return `${TITLE}${withEngine ? ENGINE_TITLE : ""}\n`;
}

export function connectionRow({ protocol, client, virtual, server, state, expires }: Connection): string {
  const name = protocol.toUpperCase().padEnd(3);
  const places = `${endpoint(...client).padEnd(PLACE_WIDTH)} ${endpoint(...virtual).padEnd(PLACE_WIDTH)}`;
  return `${name} ${minutes(expires).padEnd(6)} ${state.padEnd(11)} ${places} ${endpoint(...server)}\n`;
}

/** `14:59` */
function minutes(seconds: number): string {
  return `${twoDigits(Math.floor(seconds / 60))}:${twoDigits(seconds % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
