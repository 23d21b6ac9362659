// SPDX-License-Identifier: MIT
// Who sent a request: what a change of the desired state is signed with.

import type { FastifyRequest } from "fastify";
import type { ChangeOrigin } from "../director.ts";

/** On the unix socket, whose clients the file's mode has let in, a client says who it is and what it does. */
export const BY_HEADER = "x-changed-by";
export const HOW_HEADER = "x-changed-how";

/** Characters that are kept of either. */
export const ORIGIN_MAX = 256;

/** What is looked at of a request, whatever its route is. */
export type Requester = Pick<FastifyRequest["raw"], "headers" | "socket"> & Pick<FastifyRequest, "method" | "url">;

export function originOf({ method, url, headers, socket }: Requester): ChangeOrigin {
  const { remoteAddress } = socket;
  const request = `${method} ${url}`;
  if (remoteAddress !== undefined) return { by: remoteAddress, how: request };
  return { by: textOf(headers[BY_HEADER]) ?? "the director's socket", how: textOf(headers[HOW_HEADER]) ?? request };
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header.slice(0, ORIGIN_MAX) : undefined;
}
