// SPDX-License-Identifier: MIT
// What checkers have in common that talk to the server over the network.

import type { Address } from "../../model/address.ts";
import type { Inheritable, NetworkCheck } from "../../model/check.ts";
import type { CheckDefaults } from "./draft.ts";
import { saidTiming, type TimingDraft, timingKeywords } from "./timing.ts";
import { PORT, readAddress, readInteger, readSwitch, UINT32 } from "./values.ts";
import { assign, type Keywords } from "./walk.ts";

export type OwnNetworkCheck = Omit<NetworkCheck, Inheritable> &
  Partial<Pick<NetworkCheck, Extract<Inheritable, keyof NetworkCheck>>>;

export interface NetworkDraft extends TimingDraft {
  connectIp?: Address;
  connectPort?: number;
  bindTo?: Address;
  bindPort?: number;
  bindInterface?: string;
  mark?: number;
  logAllFailures?: boolean;
}

/** Where a check connects to and from. */
export const ENDPOINT_KEYWORDS: Keywords<NetworkDraft> = {
  connect_ip: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "connectIp", word && readAddress(word, context)),
  },
  connect_port: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "connectPort", word && readInteger(word, PORT, context)),
  },
  bindto: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "bindTo", word && readAddress(word, context)),
  },
  bind_port: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "bindPort", word && readInteger(word, PORT, context)),
  },
  bind_if: {
    takes: [1, 1],
    read: (draft, { args: [word] }) => assign(draft, "bindInterface", word?.value),
  },
  fwmark: {
    takes: [1, 1],
    read: (draft, { args: [word] }, context) =>
      assign(draft, "mark", (word && readInteger(word, UINT32, context)) || undefined),
  },
};

export const NETWORK_KEYWORDS: Keywords<NetworkDraft> = {
  ...ENDPOINT_KEYWORDS,
  ...timingKeywords(0),
  log_all_failures: {
    takes: [0, 1],
    read: (draft, { args: [word] }, context) => assign(draft, "logAllFailures", readSwitch(word, context)),
  },
};

export function resolveNetwork(draft: NetworkDraft, defaults: CheckDefaults): OwnNetworkCheck {
  const { connectIp, connectPort = defaults.port, bindTo, bindPort, bindInterface, mark } = draft;
  const connectTimeout = draft.connectTimeout ?? defaults.timing.connectTimeout;
  return {
    ...saidTiming(draft, defaults.timing),
    ...(connectTimeout !== undefined && { connectTimeout }),
    logAllFailures: draft.logAllFailures ?? defaults.logAllFailures,
    ...(connectIp !== undefined && { connectIp }),
    ...(connectPort !== undefined && { connectPort }),
    ...(bindTo !== undefined && { bindTo }),
    ...(bindPort !== undefined && { bindPort }),
    ...(bindInterface !== undefined && { bindInterface }),
    ...(mark !== undefined && { mark }),
  };
}
