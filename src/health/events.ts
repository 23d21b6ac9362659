// SPDX-License-Identifier: MIT
// What happens to the health of servers and services: one event a change, with keepalived's log line and
// whoever is to be told. Types only.

import type { CheckType } from "../model/check.ts";
import type { Script } from "../model/script.ts";

/** Somebody to be told, beyond the log. */
export interface Notice {
  /** A line for the notification pipes, without its end. */
  readonly line?: string;
  readonly script?: Script;
  readonly mail?: { readonly subject: string; readonly body: string };
}

export interface HealthEvent {
  readonly kind: "check" | "server" | "weight" | "quorum" | "sorry-server" | "note";
  /** {@link WatchedService.label} */
  readonly service: string;
  /** {@link WatchedServer.label} */
  readonly server?: string;
  readonly check?: CheckType;
  readonly isUp?: boolean;
  /** The log line; empty: nothing is logged. */
  readonly message: string;
  readonly notice?: Notice;
}
