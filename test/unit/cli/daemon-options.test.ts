// SPDX-License-Identifier: MIT
// The options of `xdirector run`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAEMON_HELP, parseDaemonOptions } from "../../../src/cli/daemon-options.ts";

describe("xdirector run", () => {
  test("has the documented defaults", () => {
    assert.deepEqual(parseDaemonOptions(["-i", "eth0"]), {
      interfaces: ["eth0"],
      config: undefined,
      configId: undefined,
      watch: false,
      resume: false,
      socket: "/run/xdirector/xdirector.sock",
      listen: undefined,
      stateDir: "/var/lib/xdirector",
      pinDir: "/sys/fs/bpf/xdirector",
      xdpMode: "auto",
      maxFlows: undefined,
      onStop: "keep",
      fresh: false,
    });
  });

  const addresses = [
    { text: "127.0.0.1:8080", expected: { host: "127.0.0.1", port: 8080 } },
    { text: "[::1]:8080", expected: { host: "::1", port: 8080 } },
    { text: ":8080", expected: { host: "::", port: 8080 } },
  ];
  for (const { text, expected } of addresses) {
    test(`--listen ${text}`, () => {
      const options = parseDaemonOptions(["-i", "eth0", "--listen", text]);
      assert.deepEqual(options !== "help" && options.listen, expected);
    });
  }

  const refused: readonly { argv: string[]; message: RegExp }[] = [
    { argv: [], message: /at least one interface/ },
    { argv: ["-i", "eth0", "--watch"], message: /--watch: there is no --config/ },
    { argv: ["-i", "eth0", "--listen", "8080"], message: /--listen: "8080" is not ADDRESS:PORT/ },
    { argv: ["-i", "eth0", "--listen", "::1:8080"], message: /--listen/ },
    { argv: ["-i", "eth0", "--listen", "127.0.0.1:70000"], message: /--listen/ },
    { argv: ["-i", "eth0", "--max-flows", "0"], message: /--max-flows: "0"/ },
    { argv: ["-i", "eth0", "--max-flows", "1e6"], message: /--max-flows: "1e6"/ },
    { argv: ["-i", "eth0", "--xdp-mode", "fast"], message: /--xdp-mode: "fast" is none of auto, native, generic/ },
    { argv: ["-i", "eth0", "--on-stop", "panic"], message: /--on-stop/ },
    { argv: ["-i", "eth0", "--frehs"], message: /--frehs/ },
    { argv: ["-i", "eth0", "extra"], message: /extra/ },
  ];
  for (const { argv, message } of refused) {
    test(`refuses "${argv.join(" ")}"`, () => assert.throws(() => parseDaemonOptions(argv), { message }));
  }

  test("--help names every option it takes", () => {
    assert.equal(parseDaemonOptions(["--help"]), "help");
    for (const name of ["interface", "config", "resume", "socket", "listen", "state-dir", "pin-dir", "xdp-mode"]) {
      assert.match(DAEMON_HELP, new RegExp(`--${name}\\b`));
    }
  });
});
