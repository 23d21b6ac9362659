// SPDX-License-Identifier: MIT
// Every error, whoever raised it, becomes `{code, message, details}` with its HTTP status.

import type { Socket } from "node:net";
import type { FastifyError, FastifyReply } from "fastify";
import { type ErrorCode, XdirectorError } from "../errors.ts";

/** What Fastify says in words of its own; its other 4xx are INVALID_REQUEST with its message. */
const FASTIFY_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["BODY_TOO_LARGE", "the body is too large"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["UNSUPPORTED_MEDIA_TYPE", "the body must be application/json"],
};

/** The error as a client may see it: what we did not expect shows nothing of itself. */
export function presentable(error: Error | FastifyError): XdirectorError {
  if (error instanceof XdirectorError) return error;
  const { code = "", statusCode = 500 } = error as Partial<FastifyError>;
  if (statusCode >= 500) return new XdirectorError("INTERNAL", "internal error", [], error);
  const [named, message] = FASTIFY_ERRORS[code] ?? ["INVALID_REQUEST", error.message];
  return new XdirectorError(named, message, [], error);
}

export function sendError(error: XdirectorError, reply: FastifyReply): FastifyReply {
  return reply.code(error.httpStatus).send(documentOf(error));
}

/** Answers what never became a request: bytes that are not HTTP. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(documentOf(new XdirectorError("INVALID_REQUEST", "not an HTTP request")));
  const head = ["HTTP/1.1 400 Bad Request", "connection: close", "content-type: application/json; charset=utf-8"];
  socket.end([...head, `content-length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"));
}

function documentOf({ code, message, details }: XdirectorError): object {
  return { code, message, details };
}
