// SPDX-License-Identifier: MIT
// Which operations go to the kernel together: after each change of a map of maps it waits, some 14 ms, for programs
// that are under way; and of changed services every CPU has to be told. Order is kept. No I/O here.

import type { MapOp } from "../compile/image.ts";

export type PutTable = Extract<MapOp, { op: "put-table" }>;
export type PutRanking = PutTable & Required<Pick<PutTable, "ranking">>;

export type ServiceOp = Extract<MapOp, { op: "put-service" | "delete-service" }>;

export type OpBatch =
  | { readonly kind: "services"; readonly ops: readonly ServiceOp[] }
  | { readonly kind: "tables"; readonly tables: readonly PutTable[] }
  | { readonly kind: "gone tables"; readonly services: readonly number[] }
  /** Of a service that packets meet. */
  | { readonly kind: "ranking"; readonly table: PutRanking }
  | { readonly kind: "one"; readonly op: Exclude<MapOp, ServiceOp | { op: "put-table" | "delete-table" }> };

/** Tables in one batch: each is a file descriptor meanwhile. */
const TABLES_MAX = 256;

/** `isMet`: packets may come to this service. */
export function batchesOf(ops: readonly MapOp[], isMet: (service: number) => boolean): OpBatch[] {
  const batches: OpBatch[] = [];
  let tables: PutTable[] = [];
  let gone: number[] = [];
  let services: ServiceOp[] = [];
  for (const op of ops) {
    const last = batches.at(-1)?.kind;
    if (op.op === "put-table" && isRanking(op) && isMet(op.service)) {
      batches.push({ kind: "ranking", table: op });
    } else if (op.op === "put-table") {
      if (last !== "tables" || tables.length === TABLES_MAX) {
        tables = [];
        batches.push({ kind: "tables", tables });
      }
      tables.push(op);
    } else if (op.op === "delete-table") {
      if (last !== "gone tables") {
        gone = [];
        batches.push({ kind: "gone tables", services: gone });
      }
      gone.push(op.service);
    } else if (isServiceOp(op)) {
      if (last !== "services") {
        services = [];
        batches.push({ kind: "services", ops: services });
      }
      services.push(op);
    } else {
      batches.push({ kind: "one", op });
    }
  }
  return batches;
}

function isServiceOp(op: MapOp): op is ServiceOp {
  return op.op === "put-service" || op.op === "delete-service";
}

function isRanking(table: PutTable): table is PutRanking {
  return table.ranking !== undefined;
}
