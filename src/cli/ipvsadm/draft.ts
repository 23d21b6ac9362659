// SPDX-License-Identifier: MIT
// What the flags of a command line have said so far: one setter a flag that carries something. Pure.

import type { PersistenceDocument } from "../../config/schema.ts";
import type { SyncSettingsDocument } from "../../config/sync-daemon-schema.ts";
import type { TunnelDocument } from "../../config/tunnel-document.ts";
import type { Family } from "../../model/address.ts";
import type { Method, Tunnel } from "../../model/service.ts";
import type { SyncRole } from "../../model/sync-daemon.ts";
import { familyOfHost, parseClassicAddress, parseEndpoint, type TypedEndpoint } from "./endpoint.ts";
import { USAGE, UsageError } from "./errors.ts";
import { type Flag, optionOf } from "./flags.ts";
import type { Endpoint } from "./intent.ts";
import type { Option } from "./legality.ts";
import type { PortNames, PortProtocol } from "./port-names.ts";
import { leadingInteger } from "./values.ts";

/** IP_VS_IFNAME_MAXLEN without the end of the string. */
const INTERFACE_NAME_MAX = 15;

/** Seconds of `-p` alone: libipvs's IPVS_SVC_PERSISTENT_TIMEOUT. */
const DEFAULT_PERSISTENCE = 360;

type Writable<Fields> = { -readonly [Name in keyof Fields]: Fields[Name] };

/** Starts with ipvsadm's defaults. */
export class Draft {
  readonly given: Set<Option> = new Set();
  readonly #portNames: PortNames;
  protocol: PortProtocol | undefined;
  service: Endpoint | undefined;
  server: Endpoint | undefined;
  family: Family = "ipv4";
  mark: number | undefined;
  scheduler = "wlc";
  flagNames = "";
  persistenceTimeout: number | undefined;
  netmask: string | number | undefined;
  persistenceEngine: string | undefined;
  onePacket = false;
  syncRole: SyncRole | undefined;
  sync: Partial<Writable<SyncSettingsDocument>> = {};
  isLenient = false;
  method: Method = "direct";
  weight = 1;
  upperThreshold = 0;
  lowerThreshold = 0;
  tunnelType: Tunnel["type"] = "ipip";
  tunnelPort = 0;
  tunnelChecksum = false;
  tunnelRemoteChecksum = false;

  constructor(portNames: PortNames) {
    this.#portNames = portNames;
  }

  /** @throws UsageError for an option given twice and for a value that is none */
  add(flag: Flag, value: string | undefined): void {
    const option = optionOf(flag);
    if (option !== undefined && this.given.has(option)) throw new UsageError(USAGE.repeated(option));
    if (option !== undefined) this.given.add(option);
    const refusal = value === undefined ? undefined : flag.check?.(value);
    if (refusal !== undefined) throw new UsageError(refusal);
    SETTERS[flag.long ?? ""]?.(this, value ?? "");
  }

  setService(protocol: PortProtocol, text: string): void {
    this.protocol = protocol;
    const typed = this.#parseEndpoint(text, USAGE.badService);
    this.service = { host: typed.host, port: typed.port ?? 0 };
    this.family = familyOfHost(typed.host);
    if (this.family === "ipv6") this.netmask = undefined; // what was typed before was no IPv6 mask
  }

  /** Without a port of its own the server takes the service's, if that is known already. */
  setServer(text: string): void {
    const typed = this.#parseEndpoint(text, USAGE.badServer);
    this.server = { host: typed.host, port: typed.port ?? this.service?.port ?? 0 };
  }

  /** Without what its type does not have. */
  get tunnel(): TunnelDocument | undefined {
    const [type, checksum] = [this.tunnelType, this.tunnelChecksum];
    if (this.method !== "tunnel") return undefined;
    if (type === "ipip") return { type };
    if (type === "gre") return { type, checksum };
    return { type, port: this.tunnelPort, checksum, ...(this.tunnelRemoteChecksum && { remoteChecksum: true }) };
  }

  setMark(text: string): void {
    this.protocol = "tcp";
    this.mark = Number(text);
  }

  setIpv6(): void {
    if (this.mark === undefined) throw new UsageError(USAGE.ipv6BeforeMark);
    this.family = "ipv6";
    this.netmask = undefined;
  }

  /** Read by the family that is known so far. */
  setNetmask(text: string): void {
    this.netmask = this.family === "ipv4" ? parseClassicAddress(text) : (leadingInteger(text) ?? 0);
    if (this.netmask === undefined) throw new UsageError(USAGE.badNetmask);
    if (typeof this.netmask === "number" && (this.netmask < 1 || this.netmask > 128)) {
      throw new UsageError(USAGE.badPrefix);
    }
  }

  /** Undefined unless the service is to be persistent. */
  get persistence(): PersistenceDocument | undefined {
    if (this.persistenceTimeout === undefined) return undefined;
    return { timeout: this.persistenceTimeout, ...(this.netmask !== undefined && { netmask: this.netmask }) };
  }

  #parseEndpoint(text: string, refusal: string): TypedEndpoint {
    const typed = parseEndpoint(text, this.protocol, this.#portNames);
    if (!typed) throw new UsageError(refusal);
    return typed;
  }
}

/** `-0`, which ipvsadm takes, is 0. */
function unsigned(text: string): number {
  return Number(text) + 0;
}

const SETTERS: Record<string, (draft: Draft, value: string) => void> = {
  "tcp-service": (draft, value) => draft.setService("tcp", value),
  "udp-service": (draft, value) => draft.setService("udp", value),
  "sctp-service": (draft, value) => draft.setService("sctp", value),
  "fwmark-service": (draft, value) => draft.setMark(value),
  ipv6: (draft) => draft.setIpv6(),
  scheduler: (draft, value) => {
    draft.scheduler = value || draft.scheduler;
  },
  "sched-flags": (draft, value) => {
    draft.flagNames = value;
  },
  persistent: (draft, value) => {
    draft.persistenceTimeout = value === "" ? DEFAULT_PERSISTENCE : Number(value);
  },
  netmask: (draft, value) => draft.setNetmask(value),
  pe: (draft, value) => {
    draft.persistenceEngine = value || undefined;
  },
  "start-daemon": (draft, value) => {
    draft.syncRole = value as SyncRole;
  },
  "stop-daemon": (draft, value) => {
    draft.syncRole = value as SyncRole;
  },
  syncid: (draft, value) => {
    draft.sync.syncId = unsigned(value);
  },
  "sync-maxlen": (draft, value) => {
    draft.sync.maxLength = Number(value);
  },
  "mcast-interface": (draft, value) => {
    draft.sync.interface = value.slice(0, INTERFACE_NAME_MAX);
  },
  "mcast-group": (draft, value) => {
    draft.sync.group = value;
  },
  "mcast-port": (draft, value) => {
    draft.sync.port = Number(value);
  },
  "mcast-ttl": (draft, value) => {
    draft.sync.ttl = Number(value);
  },
  lenient: (draft) => {
    draft.isLenient = true;
  },
  ops: (draft) => {
    draft.onePacket = true;
  },
  "real-server": (draft, value) => draft.setServer(value),
  gatewaying: (draft) => {
    draft.method = "direct";
  },
  ipip: (draft) => {
    draft.method = "tunnel";
  },
  masquerading: (draft) => {
    draft.method = "masquerade";
  },
  weight: (draft, value) => {
    draft.weight = unsigned(value);
  },
  "u-threshold": (draft, value) => {
    draft.upperThreshold = unsigned(value);
  },
  "l-threshold": (draft, value) => {
    draft.lowerThreshold = unsigned(value);
  },
  "tun-type": (draft, value) => {
    draft.tunnelType = value as Tunnel["type"];
  },
  "tun-port": (draft, value) => {
    draft.tunnelPort = unsigned(value);
  },
  "tun-csum": (draft) => {
    draft.tunnelChecksum = true;
  },
  "tun-remcsum": (draft) => {
    draft.tunnelRemoteChecksum = true;
  },
};
