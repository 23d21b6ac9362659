// SPDX-License-Identifier: MIT
// UDP_CHECK: a datagram to the server. Silence is a success unless a reply is required; an ICMP error never is.

import { type BindOptions, createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Address } from "../../model/address.ts";
import type { UdpCheck } from "../../model/check.ts";
import { markedUdpSocket } from "../../net/marked-socket.ts";
import { LONGEST_TIMER } from "../agenda.ts";
import { type Endpoint, endpointOf, failure, failureOf, GIVEN_UP, OK, type Outcome, type Subject } from "./checker.ts";

export function checkUdp(check: UdpCheck, subject: Subject, signal?: AbortSignal): Promise<Outcome> {
  const onSilence = check.requireReply ? failure("no reply") : OK;
  return exchangeUdp(endpointOf(check, subject), {
    payload: Buffer.from(check.payload ?? "", "hex"),
    timeout: check.connectTimeout,
    onSilence,
    judge: (reply) => (check.requireReply ? judgeReply(check, reply) : OK),
    signal,
  });
}

export interface UdpExchange {
  readonly payload: Buffer;
  readonly timeout: number;
  /** What it means that nothing came within the timeout. */
  readonly onSilence: Outcome;
  /** What a datagram from the server means; undefined: it is not the answer, wait on. */
  readonly judge: (reply: Buffer) => Outcome | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal | undefined;
}

/** Sends one datagram from a connected socket, so that ICMP errors and answers are the server's alone. */
export function exchangeUdp(endpoint: Endpoint, exchange: UdpExchange): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(endpoint.host) ? "udp6" : "udp4");
    const timer = setTimeout(() => end(exchange.onSilence), Math.min(exchange.timeout, LONGEST_TIMER));
    const giveUp = (): void => end(GIVEN_UP);
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      exchange.signal?.removeEventListener("abort", giveUp);
      socket.removeAllListeners("message");
      if (isOpen(socket)) socket.close();
      resolve(outcome);
    };
    exchange.signal?.addEventListener("abort", giveUp);
    socket.on("error", (error) => end(failureOf(error)));
    socket.on("message", (reply) => {
      const outcome = exchange.judge(reply);
      if (outcome) end(outcome);
    });
    socket.bind(bindingOf(endpoint), () => {
      socket.connect(endpoint.port, endpoint.host, (error?: Error) => {
        if (error) end(failureOf(error));
        else socket.send(exchange.payload, (failed) => failed && end(failureOf(failed)));
      });
    });
  });
}

function bindingOf({ mark, localAddress, localPort = 0 }: Endpoint): BindOptions {
  if (mark !== undefined) return { fd: markedUdpSocket(mark, localAddress as Address) };
  return { port: localPort, ...(localAddress !== undefined && { address: localAddress }), exclusive: true };
}

function isOpen(socket: Socket): boolean {
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}

function judgeReply({ reply, minReplyLength, maxReplyLength }: UdpCheck, received: Buffer): Outcome {
  const { length } = received;
  if (length < minReplyLength || length > maxReplyLength) return failure(`a reply of ${length} bytes`);
  return reply === undefined || matchesHex(reply, received) ? OK : failure("another reply than expected");
}

/** Whether `bytes` begin with the pattern: hex digits, `x` for any nibble. */
function matchesHex(pattern: string, bytes: Buffer): boolean {
  const actual = bytes.toString("hex");
  const digits = [...pattern.toLowerCase()];
  return digits.every((digit, index) => (digit === "x" ? index < actual.length : digit === actual[index]));
}
