// SPDX-License-Identifier: MIT
// /v1/marks: which packets belong to services that go by a mark.

import Type from "typebox";
import { MarkDocumentSchema, MarkNumberSchema, MatchesSchema } from "../config/mark-schema.ts";
import { toMark, toMarkDocument } from "../config/marks.ts";
import { deleteMark, getMark, putMark } from "../model/mark-edits.ts";
import type { ApiContext, App } from "./context.ts";
import { ERRORS, Nothing } from "./schemas.ts";

const MARK_URL = "/v1/marks/:mark";
const MarkPath = Type.Object({ mark: MarkNumberSchema });
const MarkBody = Type.Object({ match: MatchesSchema }, { additionalProperties: false });
const Marks = Type.Object({ marks: Type.Immutable(Type.Array(MarkDocumentSchema)) });

export function markRoutes(app: App, context: ApiContext): void {
  readRoutes(app, context);
  writeRoutes(app, context);
}

function readRoutes(app: App, { director }: ApiContext): void {
  const list = { summary: "All marks, with the packets that have them", response: { 200: Marks, ...ERRORS } };
  app.get("/v1/marks", { schema: list }, async () => ({ marks: (director.desired.marks ?? []).map(toMarkDocument) }));

  const read = {
    summary: "The packets with one mark",
    params: MarkPath,
    response: { 200: MarkDocumentSchema, ...ERRORS },
  };
  app.get(MARK_URL, { schema: read }, async ({ params }) => toMarkDocument(getMark(director.desired, params.mark)));
}

function writeRoutes(app: App, { change }: ApiContext): void {
  const put = {
    summary: "Say which packets have a mark; those of before have it no more",
    params: MarkPath,
    body: MarkBody,
    response: { 200: MarkDocumentSchema, ...ERRORS },
  };
  app.put(MARK_URL, { schema: put }, async (request) => {
    const { mark } = request.params;
    const state = await change(request, (before) => putMark(before, toMark({ mark, ...request.body })));
    return toMarkDocument(getMark(state, mark));
  });

  const remove = { summary: "Mark no packets so", params: MarkPath, response: { 204: Nothing, ...ERRORS } };
  app.delete(MARK_URL, { schema: remove }, async (request, reply) => {
    await change(request, (before) => deleteMark(before, request.params.mark));
    return reply.code(204).send(null);
  });
}
