// SPDX-License-Identifier: MIT
// `xdirector genhash`: prints the digest that HTTP_GET and SSL_GET compare, as genhash(1) does.

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { parseArgs } from "node:util";
import { get, type HttpRequest } from "../health/checkers/http-request.ts";
import { HTTP_PROTOCOLS } from "../model/check.ts";
import { CommandError } from "./command-error.ts";

const DEFAULT_TIMEOUT_S = 5;
const BYTES_PER_LINE = 16;

const HELP = `usage: xdirector genhash -s ADDRESS -p PORT -u URL [OPTION...]

  -s, --server ADDRESS          where to connect to
  -p, --port PORT
  -u, --url URL                 path of the page
  -S, --use-ssl                 over TLS
  -I, --use-sni                 with the virtual host as TLS server name
  -V, --use-virtualhost HOST    Host header (ADDRESS:PORT)
  -P, --protocol VERSION        1.0, 1.0c (with "Connection: close") or 1.1 (1.0)
  -t, --timeout SECONDS         (${DEFAULT_TIMEOUT_S})
  -v, --verbose                 print what was received as well
  -h, --help                    print this
`;

export async function runGenhash(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      server: { type: "string", short: "s" },
      port: { type: "string", short: "p" },
      url: { type: "string", short: "u" },
      "use-ssl": { type: "boolean", short: "S", default: false },
      "use-sni": { type: "boolean", short: "I", default: false },
      "use-virtualhost": { type: "string", short: "V" },
      protocol: { type: "string", short: "P", default: "1.0" },
      timeout: { type: "string", short: "t", default: String(DEFAULT_TIMEOUT_S) },
      verbose: { type: "boolean", short: "v", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const virtualHost = values["use-virtualhost"];
  await printHash(
    {
      endpoint: { host: required("--server", values.server), port: numberOf("--port", values.port, 65535) },
      path: required("--url", values.url),
      secure: values["use-ssl"],
      sni: values["use-sni"],
      ...(virtualHost !== undefined && { virtualHost }),
      protocol: protocolOf(values.protocol),
      timeout: numberOf("--timeout", values.timeout, 3600) * 1000,
    },
    values.verbose,
  );
  return 0;
}

async function printHash(request: HttpRequest, isVerbose: boolean): Promise<void> {
  const start = process.hrtime.bigint();
  const chunks: Buffer[] = [];
  const answer = await get(request, (chunk) => chunks.push(chunk));
  const body = Buffer.concat(chunks);
  const digest = createHash("md5").update(body).digest();
  const microseconds = (process.hrtime.bigint() - start) / 1000n;
  const [before, after] = isVerbose
    ? [received(answer, body, digest), `\nGlobal response time for [${request.path}] = ${microseconds} usecs\n`]
    : ["", ""];
  process.stdout.write(`${before}${digest.toString("hex")}\n${after}`);
}

/** Everything as genhash -v shows it, down to the heading of the digest itself. */
function received(answer: IncomingMessage, body: Buffer, digest: Buffer): string {
  const head = headOf(answer);
  const page = "\n-----------------------[        HTML Buffer        ]-----------------------\n";
  return [
    "-----------------------[    HTTP Header Buffer    ]-----------------------\n",
    hexDump(Buffer.from(head, "latin1")),
    "-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n",
    head,
    ...(body.length > 0 ? [page, hexDump(body)] : []),
    "\n-----------------------[    HTML hash resulting    ]-----------------------\n",
    hexDump(digest),
    "-----------------------[ HTML hash final resulting ]-----------------------\n",
  ].join("");
}

/** Status line and headers as they came, but for blanks. */
function headOf({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** `0000  48 54 54 50 2f 31 2e 31 - 20 32 30 30 20 4f 4b 0d   HTTP/1.1 200 OK.` */
function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += BYTES_PER_LINE) {
    const line = [...bytes.subarray(offset, offset + BYTES_PER_LINE)];
    const cells = Array.from(
      { length: BYTES_PER_LINE },
      (_, index) => line[index]?.toString(16).padStart(2, "0") ?? "  ",
    );
    cells.splice(BYTES_PER_LINE / 2, 0, "-");
    const text = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${String(offset).padStart(4, "0")}  ${cells.join(" ")}   ${text.padEnd(BYTES_PER_LINE)}\n`);
  }
  return lines.join("");
}

function required(option: string, value: string | undefined): string {
  if (value === undefined) throw new CommandError(`give ${option}; see xdirector genhash --help`);
  return value;
}

function numberOf(option: string, text: string | undefined, maximum: number): number {
  const number = Number(required(option, text));
  if (Number.isInteger(number) && number >= 1 && number <= maximum) return number;
  throw new CommandError(`${option}: "${text}" is not a number from 1 to ${maximum}`);
}

function protocolOf(text: string): HttpRequest["protocol"] {
  const protocol = HTTP_PROTOCOLS.find((candidate) => candidate === text.toUpperCase());
  if (protocol === undefined) throw new CommandError(`--protocol: "${text}" is none of 1.0, 1.0c, 1.1`);
  return protocol;
}
