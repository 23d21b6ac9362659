// SPDX-License-Identifier: MIT
// Connections of checks: node's own, or by sockets with a mark where a VIP is checked by the way of the traffic.

import { connect, type Socket } from "node:net";
import type { Address } from "../../model/address.ts";
import { markedTcpSocket } from "../../net/marked-socket.ts";
import type { Endpoint } from "./checker.ts";

/** On its way to the endpoint; `timeout` is node's, for every wait in ms. */
export function openSocket({ mark, ...endpoint }: Endpoint, timeout: number): Socket {
  if (mark === undefined) return connect({ ...endpoint, timeout });
  const { host, port, localAddress } = endpoint;
  return markedTcpSocket(mark, localAddress as Address)
    .setTimeout(timeout)
    .connect({ host, port });
}
