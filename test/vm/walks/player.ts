// SPDX-License-Identifier: MIT
// A player of a walk from a row of a table.

import type { Random } from "../../support/random.ts";
import { VIP, VIP6 } from "../cases/scenario.ts";
import { type Protocol, RandomConnections } from "./connections.ts";
import { RandomServers, type ServersOptions, serversOf } from "./servers.ts";
import { clientsNumber, type Player, type ServerDocument, type ServiceDocument } from "./walk.ts";

export interface PlayerRow extends ServersOptions {
  readonly name: string;
  readonly family: 4 | 6;
  readonly method: ServerDocument["method"];
  /** Scheduler and all that is neither a name nor servers. */
  readonly settings: Pick<ServiceDocument, "scheduler"> & Partial<ServiceDocument>;
  /** By a mark for both protocols and many destinations, or else by the VIP and a port. */
  readonly by: "mark" | Protocol;
  /** The service's own; 0: all. Left out: one that no other service has. */
  readonly port?: number;
  /** That its clients connect to; the service's when left out. */
  readonly ports?: readonly number[];
  /** A VIP that no other service has, because of its ports. */
  readonly ownVip?: true;
}

const FIRST_PORT = 2000;
const MARKED_HOSTS = 20;

/** @param number of the subject: no other player of any walk has it */
export function playerOf(random: Random, row: PlayerRow, number: number): Player {
  const clients = clientsNumber(number, row.family);
  const servers = new RandomServers(random, serversOf(row.family, row.method, serverPort(row, number)), row);
  const connections = new RandomConnections(random, clients, targetOf(row, number));
  const { by, settings } = row;
  const mark = number + 1;
  const name =
    by === "mark"
      ? { mark, ...(row.family === 6 && { family: "ipv6" as const }) }
      : { protocol: by, vip: vipOf(row, number), port: portOf(row, number) };
  return {
    subject: { name: row.name, clients },
    marks: by === "mark" ? [{ mark, match: [{ destination: networkOf(row, number) }] }] : [],
    get service(): ServiceDocument {
      return { ...name, ...settings, servers: servers.present };
    },
    edit: () => servers.edit(),
    next: () => connections.next(),
  };
}

function vipOf(row: PlayerRow, number: number): string {
  if (row.ownVip) return hostOf(row, number, 1);
  return row.family === 4 ? VIP : VIP6;
}

function portOf({ port }: PlayerRow, number: number): number {
  return port ?? FIRST_PORT + number;
}

/** Servers keep the port of what comes by a mark. */
function serverPort(row: PlayerRow, number: number): number {
  return row.by === "mark" ? 0 : portOf(row, number);
}

function targetOf(row: PlayerRow, number: number) {
  const { by, ports = [portOf(row, number)] } = row;
  if (by !== "mark") return { protocols: [by], destinations: [vipOf(row, number)], ports };
  const hosts = Array.from({ length: MARKED_HOSTS }, (_, host) => hostOf(row, number, host + 1));
  return { protocols: ["tcp", "udp"] as const, destinations: hosts, ports: [80, 8080] };
}

/** Each has a network of destinations; the lab takes them for the director's own. */
function networkOf(row: PlayerRow, number: number): string {
  return `${hostOf(row, number, 0)}/${row.family === 4 ? 24 : 64}`;
}

function hostOf({ family }: PlayerRow, number: number, host: number): string {
  return family === 4 ? `198.18.${number}.${host}` : `2001:db8:12:${(number + 1).toString(16)}::${host.toString(16)}`;
}
