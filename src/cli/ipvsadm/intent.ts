// SPDX-License-Identifier: MIT
// What a command line asks for, before any name is resolved or the daemon is asked. Types only.

import type { ListFormat } from "../../api/ipvsadm/columns.ts";
import type { FlagText } from "../../config/scheduler-flags.ts";
import type { PersistenceDocument } from "../../config/schema.ts";
import type { SettingsDocument } from "../../config/settings-schema.ts";
import type { SyncSettingsDocument } from "../../config/sync-daemon-schema.ts";
import type { TunnelDocument } from "../../config/tunnel-document.ts";
import type { Address } from "../../model/address.ts";
import type { MarkAddress, Method, Protocol } from "../../model/service.ts";
import type { SyncRole } from "../../model/sync-daemon.ts";

/** A host as it was typed: an address, or a name that is still to be resolved. */
export type Host = { readonly address: Address } | { readonly name: string };

export interface Endpoint {
  readonly host: Host;
  readonly port: number;
}

/** What names a virtual service. */
export type TypedService = (Endpoint & { readonly protocol: Protocol }) | MarkAddress;

/** What a command line says of a service; what it leaves out is off, as ipvsadm has it. */
export interface ServiceForm {
  readonly scheduler: string;
  readonly schedulerFlags: readonly FlagText[];
  readonly persistence: PersistenceDocument | undefined;
  /** Known to the daemon or not. */
  readonly persistenceEngine: string | undefined;
  readonly onePacket: boolean;
}

/** What a command line says of a server, defaults filled in. */
export interface ServerForm {
  readonly method: Method;
  readonly weight: number;
  /** With method `tunnel` only. */
  readonly tunnel: TunnelDocument | undefined;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

export interface ListIntent {
  readonly verb: "list";
  /** All of them when undefined. */
  readonly service: TypedService | undefined;
  readonly numeric: boolean;
  readonly format: ListFormat;
  readonly isExact: boolean;
  readonly isSorted: boolean;
}

interface ListConnectionsIntent {
  readonly verb: "list-connections";
  readonly numeric: boolean;
  readonly withEngine: boolean;
}

interface SaveIntent {
  readonly verb: "save";
  readonly numeric: boolean;
}

/** What the daemon answers with text. */
export type TextIntent = ListIntent | ListConnectionsIntent | SaveIntent;

export type Intent =
  | { readonly verb: "help" }
  | { readonly verb: "version" }
  | { readonly verb: "flush" }
  | TextIntent
  | { readonly verb: "list-timeouts" }
  | { readonly verb: "list-daemons" }
  | { readonly verb: "start-daemon"; readonly role: SyncRole; readonly settings: SyncSettingsDocument }
  | { readonly verb: "stop-daemon"; readonly role: SyncRole }
  | { readonly verb: "restore"; readonly isLenient: boolean }
  /** All of them when undefined. */
  | { readonly verb: "zero"; readonly service: TypedService | undefined }
  /** What is not to change is left out. */
  | { readonly verb: "set"; readonly timeouts: NonNullable<SettingsDocument["timeouts"]> }
  | { readonly verb: "add-service" | "edit-service"; readonly service: TypedService; readonly form: ServiceForm }
  | { readonly verb: "delete-service"; readonly service: TypedService }
  | {
      readonly verb: "add-server" | "edit-server";
      readonly service: TypedService;
      readonly server: Endpoint;
      readonly form: ServerForm;
    }
  | { readonly verb: "delete-server"; readonly service: TypedService; readonly server: Endpoint };

export type Verb = Intent["verb"];

/** How a run ends: ipvsadm's exit codes and what goes to the two streams, line ends included. */
export interface Outcome {
  readonly rc: 0 | 1 | 2 | 255;
  readonly stdout: string;
  readonly stderr: string;
}
