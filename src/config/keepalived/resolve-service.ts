// SPDX-License-Identifier: MIT
// What keepalived makes of a virtual_server block once all of it is known: defaults, contradictions put
// right (each with a warning), a service for each member of its group.

import { type Family, familyOf } from "../../model/address.ts";
import type { ServiceHealth, SorryServer } from "../../model/health.ts";
import {
  endpoint,
  HOST_NETMASKS,
  type Persistence,
  type RealServer,
  SCHEDULER_FLAGS,
  type ServiceAddress,
  type ServiceOptions,
  type VirtualService,
} from "../../model/service.ts";
import type { Diagnostics, Origin } from "./diagnostics.ts";
import type { FileDraft, GlobalDraft, GroupMember, ServerDraft, ServiceDraft } from "./draft.ts";
import type { Forwarding } from "./forwarding.ts";
import { resolveServer } from "./resolve-server.ts";
import { serviceTiming } from "./timing.ts";

/** libipvs's, in seconds: a service for all ports must be persistent. */
const FORCED_PERSISTENCE = 360;
const USUAL_FORWARDING: Forwarding = { method: "masquerade" };

export interface ResolvedService {
  readonly service: VirtualService;
  readonly origin: Origin;
  /** Of its servers, in their order. */
  readonly servers: readonly Origin[];
}

/** The services of a virtual_server block: more than one when it is a group's, none when it makes no sense. */
export function resolveService(draft: ServiceDraft, file: FileDraft, diagnostics: Diagnostics): ResolvedService[] {
  const origin = draft.statement.keyword;
  if (draft.servers.length === 0) {
    diagnostics.warn(origin, "the virtual server has no real servers: ignored");
    return [];
  }
  const members = membersOf(draft, file, diagnostics);
  if (members.length === 0) return [];
  warnAboutDefaults(draft, members, diagnostics);
  return members.flatMap((member, index) => {
    // What is wrong with a group's servers is said once.
    const listener = index === 0 ? diagnostics : undefined;
    return resolveMember({ draft, member, globals: file.globals, diagnostics: listener });
  });
}

function membersOf({ target, statement }: ServiceDraft, { groups }: FileDraft, diagnostics: Diagnostics) {
  if (target.kind !== "group") return [target];
  const members = groups.get(target.name);
  if (members) return members;
  diagnostics.note(statement.keyword, `there is no virtual_server_group ${target.name}: the virtual server is ignored`);
  return [];
}

function warnAboutDefaults(draft: ServiceDraft, members: readonly GroupMember[], diagnostics: Diagnostics): void {
  const origin = draft.statement.keyword;
  const warn = (message: string) => diagnostics.warn(origin, message);
  const hasMark = members.some(({ kind }) => kind === "mark");
  const hasEndpoint = members.some(({ kind }) => kind === "endpoint");
  if (draft.scheduler === undefined) warn("lvs_sched is missing: wlc is taken");
  if (draft.forwarding === undefined) warn("lvs_method is missing: NAT is taken");
  if (hasEndpoint && draft.protocol === undefined) warn("protocol is missing: UDP is taken");
  if (hasMark && !hasEndpoint && draft.protocol !== undefined) warn("a firewall mark has no protocol: ignored");
  if (hasMark && draft.haSuspend) warn("ha_suspend is not for firewall marks: ignored");
  if (draft.onePacket && hasEndpoint && draft.protocol !== "udp" && draft.protocol !== undefined) {
    warn("ops is for UDP: ignored");
  }
  const portless = members.some((member) => member.kind === "endpoint" && member.port === 0);
  if (portless && draft.persistenceTimeout === undefined) {
    warn(`a service for all ports must be persistent: persistence_timeout ${FORCED_PERSISTENCE} is taken`);
  }
}

interface ServerWithOrigin {
  readonly server: RealServer;
  readonly origin: Origin;
}

interface MemberInput {
  readonly draft: ServiceDraft;
  readonly member: GroupMember;
  readonly globals: GlobalDraft;
  readonly diagnostics: Diagnostics | undefined;
}

function resolveMember({ draft, member, globals, diagnostics }: MemberInput): ResolvedService[] {
  const address = addressOf(draft, member);
  const common = { draft, address, globals, forwarding: draft.forwarding ?? USUAL_FORWARDING, diagnostics };
  const kept = draft.servers.flatMap((server) => {
    const resolved = resolveServer(server, common);
    return resolved ? [{ ...resolved, origin: server.statement.keyword }] : [];
  });
  const servers = withoutRepeated(kept, diagnostics);
  const weight = servers.reduce((sum, { server }) => sum + server.weight, 0);
  const service = {
    ...address,
    scheduler: draft.scheduler ?? "wlc",
    ...optionsOf(draft, address),
    servers: servers.map(({ server }) => server),
    health: resolveHealth({ ...common, weight }),
  };
  return [{ service, origin: draft.statement.keyword, servers: servers.map(({ origin }) => origin) }];
}

/** As keepalived does: the first one counts. */
function withoutRepeated(
  servers: readonly ServerWithOrigin[],
  diagnostics: Diagnostics | undefined,
): ServerWithOrigin[] {
  const known = new Set<string>();
  return servers.filter(({ server, origin }) => {
    const name = endpoint(server.rip, server.port);
    if (known.has(name)) diagnostics?.warn(origin, `real server ${server.rip} is given twice: this one is ignored`);
    return known.size < known.add(name).size;
  });
}

function addressOf(draft: ServiceDraft, member: GroupMember): ServiceAddress {
  if (member.kind === "mark")
    return { mark: member.mark, family: member.family ?? draft.family ?? familyOfServers(draft) };
  return { protocol: draft.protocol ?? "udp", vip: member.vip, port: member.port };
}

/** Of those that are not tunnelled, as they must have the service's; else of all, if they agree. */
function familyOfServers({ servers, forwarding }: ServiceDraft): Family {
  const isTunnelled = (server: ServerDraft) => (server.forwarding ?? forwarding)?.method === "tunnel";
  const direct = servers.find((server) => !isTunnelled(server));
  if (direct) return familyOf(direct.rip);
  return servers.every(({ rip }) => familyOf(rip) === "ipv6") ? "ipv6" : "ipv4";
}

function optionsOf(draft: ServiceDraft, address: ServiceAddress): ServiceOptions {
  const flags = SCHEDULER_FLAGS.filter((flag) => draft.flags.has(flag));
  const persistence = persistenceOf(draft, address);
  const mayBeOnePacket = "mark" in address || address.protocol === "udp";
  return {
    ...(flags.length > 0 && { schedulerFlags: flags }),
    ...(persistence && { persistence }),
    ...(draft.persistenceEngine && { persistenceEngine: draft.persistenceEngine }),
    ...(draft.onePacket && mayBeOnePacket && { onePacket: true }),
  };
}

function persistenceOf(draft: ServiceDraft, address: ServiceAddress): Persistence | undefined {
  const isPortless = !("mark" in address) && address.port === 0;
  const timeout = draft.persistenceTimeout ?? (isPortless ? FORCED_PERSISTENCE : undefined);
  if (timeout === undefined) return undefined;
  const family = "mark" in address ? address.family : familyOf(address.vip);
  return { timeout, netmask: draft.netmask ?? HOST_NETMASKS[family] };
}

interface HealthInput {
  readonly draft: ServiceDraft;
  readonly address: ServiceAddress;
  readonly globals: GlobalDraft;
  readonly forwarding: Forwarding;
  readonly diagnostics: Diagnostics | undefined;
  /** Of all servers. */
  readonly weight: number;
}

function resolveHealth({ weight, ...input }: HealthInput): ServiceHealth {
  const { draft, address, globals, diagnostics } = input;
  const { target, quorumUp, quorumDown, virtualHost } = draft;
  const origin = draft.statement.keyword;
  const quorum = Math.max(1, Math.min(draft.quorum ?? 1, weight));
  if ((draft.quorum ?? 1) > Math.max(weight, 1)) {
    diagnostics?.warn(origin, `quorum ${draft.quorum} exceeds the servers' weight ${weight}: ${quorum} is taken`);
  }
  const hysteresis = Math.min(draft.hysteresis ?? 0, quorum - 1);
  if ((draft.hysteresis ?? 0) > hysteresis) {
    diagnostics?.warn(origin, `hysteresis ${draft.hysteresis} reaches quorum ${quorum}: ${hysteresis} is taken`);
  }
  const sorryServer = resolveSorryServer(input);
  return {
    ...(target.kind === "group" && { group: target.name }),
    ...serviceTiming(draft),
    omega: draft.omega ?? false,
    quorum,
    hysteresis,
    ...(quorumUp && { quorumUp }),
    ...(quorumDown && { quorumDown }),
    ...(sorryServer && { sorryServer }),
    haSuspend: (draft.haSuspend ?? false) && !("mark" in address),
    smtpAlert: draft.smtpAlert ?? globals.smtpAlertChecker ?? globals.smtpAlert ?? false,
    ...(virtualHost !== undefined && { virtualHost }),
    probe: "server",
    udpRebalance: true,
  };
}

function resolveSorryServer({ draft, ...input }: Omit<HealthInput, "weight">): SorryServer | undefined {
  const { sorryServer } = draft;
  if (!sorryServer) return undefined;
  const { statement, inhibit } = sorryServer;
  const as: ServerDraft = { ...sorryServer, checks: [] };
  const resolved = resolveServer({ ...as, statement }, { ...input, draft });
  if (!resolved) return undefined;
  const { rip, port, method, tunnel } = resolved.server;
  return { rip, port, method, ...(tunnel && { tunnel }), inhibit };
}
