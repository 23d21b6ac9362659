// SPDX-License-Identifier: MIT
// Which operations go to the kernel together: after each change of a map of maps it waits, some 14 ms, for programs
// that are under way; and of changed services every CPU has to be told. Order is kept. No I/O here.

import type { MapOp } from "../compile/image.ts";

type OpNamed<Name extends MapOp["op"]> = Extract<MapOp, { op: Name }>;

export type PutTable = OpNamed<"put-table">;
export type PutRanking = PutTable & Required<Pick<PutTable, "ranking">>;
export type ServiceOp = OpNamed<"put-service" | "delete-service">;
export type SingleOp = Exclude<MapOp, ServiceOp | OpNamed<"put-table" | "delete-table">>;

/** What goes together, by the kind of batch. */
interface OpsByKind {
  services: ServiceOp;
  /** Rotations, and rankings of services that no packet meets yet. */
  tables: PutTable;
  /** Of services that packets meet. */
  rankings: PutRanking;
  "gone tables": OpNamed<"delete-table">;
  /** Always by itself. */
  single: SingleOp;
}

type Kind = keyof OpsByKind;
type Sorted = { [K in Kind]: { readonly kind: K; readonly op: OpsByKind[K] } }[Kind];
export type OpBatch = { [K in Kind]: { readonly kind: K; readonly ops: readonly OpsByKind[K][] } }[Kind];

/** Each table is a file descriptor meanwhile, and each ranking has a place of its own (SPARE_TABLES of bpf/maps.h). */
const MOST: Record<Kind, number> = {
  services: Number.POSITIVE_INFINITY,
  tables: 256,
  rankings: 256,
  "gone tables": Number.POSITIVE_INFINITY,
  single: 1,
};

/** `isMet`: packets may come to this service. */
export function batchesOf(ops: readonly MapOp[], isMet: (service: number) => boolean): OpBatch[] {
  const batches: { kind: Kind; ops: MapOp[] }[] = [];
  for (const { kind, op } of ops.map((op) => sort(op, isMet))) {
    const last = batches.at(-1);
    if (last?.kind === kind && last.ops.length < MOST[kind]) last.ops.push(op);
    else batches.push({ kind, ops: [op] });
  }
  return batches as OpBatch[];
}

function sort(op: MapOp, isMet: (service: number) => boolean): Sorted {
  if (op.op === "put-service" || op.op === "delete-service") return { kind: "services", op };
  if (op.op === "delete-table") return { kind: "gone tables", op };
  if (op.op !== "put-table") return { kind: "single", op };
  return isRanking(op) && isMet(op.service) ? { kind: "rankings", op } : { kind: "tables", op };
}

function isRanking(table: PutTable): table is PutRanking {
  return table.ranking !== undefined;
}
