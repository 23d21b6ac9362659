// SPDX-License-Identifier: MIT
// HTTP_GET and SSL_GET: the answer to a GET has an accepted status, and the expected digest and pattern if
// any are configured.

import { createHash } from "node:crypto";
import { type BodyPattern, compileBodyPattern, type HttpCheck, type HttpUrl } from "../../model/check.ts";
import { boundedSearch } from "./bounded-search.ts";
import { endpointOf, failure, failureOf, type Outcome, type Subject } from "./checker.ts";
import { get } from "./http-request.ts";

/** Bytes of a body in which a pattern is searched. */
const SEARCH_LIMIT = 2 ** 20;

/** Requests the url with this index of the check. */
export async function checkHttp(
  check: HttpCheck,
  subject: Subject,
  url: number,
  signal?: AbortSignal,
): Promise<Outcome> {
  const wanted = check.urls[url] as HttpUrl;
  const virtualHost = wanted.virtualHost ?? check.virtualHost ?? subject.virtualHost;
  const body = new Body(wanted);
  try {
    const { statusCode } = await get(
      {
        endpoint: endpointOf(check, subject),
        secure: check.type === "https",
        protocol: check.httpProtocol,
        path: wanted.path,
        ...(virtualHost !== undefined && { virtualHost }),
        sni: check.sni,
        ...(subject.tls && { tls: subject.tls }),
        timeout: check.connectTimeout,
        signal,
      },
      (chunk) => body.add(chunk),
    );
    return judge(wanted, statusCode, body);
  } catch (error) {
    return failureOf(error as Error);
  }
}

function judge({ statusCodes, digest, regex }: HttpUrl, status = 0, body: Body): Outcome {
  if (!statusCodes.some(({ from, to }) => from <= status && status <= to)) return failure(`HTTP status code ${status}`);
  if (digest !== undefined && body.digest() !== digest) return failure("MD5 digest of another body");
  if (regex && body.matches(regex) === regex.mustNotMatch) return failure("regex match failed");
  if (regex) return { ok: true, note: "Regex match" };
  return { ok: true, note: digest === undefined ? "HTTP status code" : "MD5 digest" };
}

/** What is to be known of a body, gathered as it comes; never the whole of it. */
class Body {
  readonly #hash;
  readonly #searched: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;

  constructor({ digest, regex }: HttpUrl) {
    this.#hash = digest === undefined ? undefined : createHash("md5");
    this.#searched = regex ? SEARCH_LIMIT : 0;
  }

  add(chunk: Buffer): void {
    this.#hash?.update(chunk);
    const part = chunk.subarray(0, this.#searched - this.#kept);
    if (part.length === 0) return;
    this.#chunks.push(part);
    this.#kept += part.length;
  }

  digest(): string | undefined {
    return this.#hash?.digest("hex");
  }

  /** Whether the pattern is found at an offset that it may have; offsets are of bytes, hence latin1. @throws Error when that takes too long */
  matches(pattern: BodyPattern): boolean {
    const encoding = pattern.options.includes("utf") ? "utf8" : "latin1";
    const search = compileBodyPattern(pattern);
    search.lastIndex = pattern.minOffset;
    const found = boundedSearch(search, Buffer.concat(this.#chunks).toString(encoding));
    return found !== null && (pattern.maxOffset === 0 || found.index < pattern.maxOffset);
  }
}
