// SPDX-License-Identifier: MIT
// The API in memory that these tests use, held against the real one: the same command lines end alike.

import assert from "node:assert/strict";
import { it } from "node:test";
import { buildApp } from "../../../src/api/app.ts";
import type { ApiClient } from "../../../src/cli/client.ts";
import { runIpvsadm } from "../../../src/cli/ipvsadm/run.ts";
import { FakeDirector } from "../api/fake-director.ts";
import { FakeApi } from "./fake-api.ts";
import { makeWorld } from "./world.ts";

const COMMANDS = `
-Ln
-A -t 192.0.2.1:80 -s rr
-A -t 192.0.2.1:80 -s rr
-A -t 192.0.2.1:80
-A -t 192.0.2.2:80
-A -u [2001:db8::1]:53 -s wrr
-A -u [2001:DB8:0::1]:53 -s wrr
-E -t 192.0.2.1:80 -s wrr
-E -t 192.0.2.9:80 -s rr
-E -t 192.0.2.9:80
-E -t 192.0.2.1:80 -s nosuch
-a -t 192.0.2.1:80 -r 10.0.0.1 -w 3
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -i
-a -t 192.0.2.1:80 -r 10.0.0.2 -i -w 2147483647
-a -t 192.0.2.1:80 -r 192.168.0.2 -w 0
-a -t 192.0.2.1:80 -r 224.0.0.1
-a -t 192.0.2.9:80 -r 10.0.0.1
-a -u [2001:db8::1]:53 -r [2001:db8::a]:53
-Ln
-L
-e -t 192.0.2.1:80 -r 10.0.0.1
-e -t 192.0.2.1:80 -r 10.0.0.9
-e -t 192.0.2.9:80 -r 10.0.0.1
-ln -t 192.0.2.1:80
-l -t 192.0.2.9:80
-a -t 192.0.2.1:80 -r 10.0.0.3:8080 -m
-a -t 192.0.2.1:80 -r 10.0.0.4 -i --tun-type gue --tun-port 6080 --tun-csum
-a -t 192.0.2.1:80 -r 10.0.0.5 -i --tun-type gre
-a -t 192.0.2.1:80 -r [2001:db8::5]:80 -i
-a -u [2001:db8::1]:53 -r 10.0.0.1 -i
-a -u [2001:db8::1]:53 -r 10.0.0.1 -m
-ln --tun-info
-e -t 192.0.2.1:80 -r 10.0.0.4 -i
-e -t 192.0.2.1:80 -r 10.0.0.5 -g
-ln --tun-info -t 192.0.2.1:80
-L --timeout
--set 0 15 60
-L --timeout
-d -t 192.0.2.1:80 -r 10.0.0.1:8080
-d -t 192.0.2.1:80 -r 10.0.0.1
-d -t 192.0.2.9:80 -r 10.0.0.1
-D -t 192.0.2.9:80
-Ln
-D -u [2001:db8::1]:53
-Ln
-C
-C
-Ln
-L --timeout
`;

/** Connections are whatever the director's stand-in makes up. */
const withoutConnections = (key: string, value: unknown) => (/^(in)?active$/.test(key) ? 0 : value);

function realApi(): ApiClient {
  const app = buildApp({ director: new FakeDirector(), version: "0.0.0" });
  return {
    async request({ method, path, body, onlyCreate }) {
      const headers = { ...(onlyCreate && { "if-none-match": "*" }) };
      const payload = body === undefined ? {} : { payload: body as object };
      const response = await app.inject({ method, url: path, headers, ...payload });
      const { statusCode: status, body: text } = response;
      return { status, body: text === "" ? undefined : JSON.parse(text, withoutConnections) };
    },
  };
}

it("the real API and the one in memory make the same of a session at the command line", async () => {
  const [real, fake] = [makeWorld(realApi()), makeWorld(new FakeApi(["rr", "wrr"]))];
  for (const command of COMMANDS.trim().split("\n")) {
    const argv = command.split(" ");
    const [ours, expected] = [await runIpvsadm(argv, real), await runIpvsadm(argv, fake)];
    assert.deepEqual({ command, ...ours }, { command, ...expected });
  }
});
