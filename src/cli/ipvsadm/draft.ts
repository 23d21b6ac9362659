// SPDX-License-Identifier: MIT
// What the flags of a command line have said so far: one setter a flag that carries something. Pure.

import type { TunnelDocument } from "../../config/schema.ts";
import type { Family } from "../../model/address.ts";
import type { Method, Tunnel } from "../../model/service.ts";
import { familyOfHost, parseEndpoint, type TypedEndpoint } from "./endpoint.ts";
import { USAGE, UsageError } from "./errors.ts";
import { type Flag, optionOf } from "./flags.ts";
import type { Endpoint } from "./intent.ts";
import type { Option } from "./legality.ts";
import type { PortNames, PortProtocol } from "./port-names.ts";

/** Starts with ipvsadm's defaults. */
export class Draft {
  readonly given: Set<Option> = new Set();
  readonly #portNames: PortNames;
  protocol: PortProtocol | undefined;
  service: Endpoint | undefined;
  server: Endpoint | undefined;
  family: Family = "ipv4";
  hasMark = false;
  scheduler = "wlc";
  method: Method = "direct";
  weight = 1;
  tunnelType: Tunnel["type"] = "ipip";
  tunnelPort = 0;
  tunnelChecksum = false;

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
    return type === "gue" ? { type, port: this.tunnelPort, checksum } : { type, checksum };
  }

  setMark(): void {
    this.protocol = "tcp";
    this.hasMark = true;
  }

  setIpv6(): void {
    if (!this.hasMark) throw new UsageError(USAGE.ipv6BeforeMark);
    this.family = "ipv6";
  }

  #parseEndpoint(text: string, refusal: string): TypedEndpoint {
    const typed = parseEndpoint(text, this.protocol, this.#portNames);
    if (!typed) throw new UsageError(refusal);
    return typed;
  }
}

const SETTERS: Record<string, (draft: Draft, value: string) => void> = {
  "tcp-service": (draft, value) => draft.setService("tcp", value),
  "udp-service": (draft, value) => draft.setService("udp", value),
  "sctp-service": (draft, value) => draft.setService("sctp", value),
  "fwmark-service": (draft) => draft.setMark(),
  ipv6: (draft) => draft.setIpv6(),
  scheduler: (draft, value) => {
    draft.scheduler = value || draft.scheduler;
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
    draft.weight = Number(value) + 0;
  },
  "tun-type": (draft, value) => {
    draft.tunnelType = value as Tunnel["type"];
  },
  "tun-port": (draft, value) => {
    draft.tunnelPort = Number(value) + 0;
  },
  "tun-csum": (draft) => {
    draft.tunnelChecksum = true;
  },
};
