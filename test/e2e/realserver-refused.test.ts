// SPDX-License-Identifier: MIT
// What `xdirector realserver` refuses, and that nothing changes then.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromRoot } from "../support/project.ts";
import { RealServerSuite, SECOND } from "../support/realserver-suite.ts";
import { RIP, VIP } from "../support/realserver-wire.ts";

const suite = new RealServerSuite("realserver-refused");
const { sandbox, server } = suite;

describe("refused, with nothing changed", () => {
  for (const { desc, options, code, message } of [
    {
      desc: "no interface",
      options: ["--vip", VIP],
      code: 2,
      message: "give the interface: xdirector realserver -i IFACE",
    },
    {
      desc: "an interface that does not exist",
      options: ["-i", "eth9", "--vip", VIP],
      code: 1,
      message: 'no interface "eth9"',
    },
    {
      desc: "lo",
      options: ["-i", "lo", "--vip", VIP],
      code: 2,
      message: "-i lo: give the interface where packets of the director come in",
    },
    { desc: "no VIP", options: ["-i", "eth0"], code: 2, message: "give at least one VIP: --vip ADDR[,ADDR...]" },
    {
      desc: "a VIP that is no address",
      options: ["-i", "eth0", "--vip", "192.0.2"],
      code: 2,
      message: '--vip: "192.0.2" is not an address',
    },
    {
      desc: "a VIP that is no unicast address",
      options: ["-i", "eth0", "--vip", "224.0.0.1"],
      code: 2,
      message: "--vip: 224.0.0.1 is not a unicast address",
    },
    {
      desc: "a VIP that is the host's own address elsewhere",
      options: ["-i", "eth0", "--vip", RIP],
      code: 1,
      message: `${RIP} is an address of eth0: remove it there first`,
    },
    {
      desc: "an unknown method",
      options: ["-i", "eth0", "--vip", VIP, "--method", "nat"],
      code: 2,
      message: '--method: "nat" is none of direct, tunnel',
    },
    {
      desc: "an unknown type of tunnel",
      options: ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--tunnel", "vxlan"],
      code: 2,
      message: '--tunnel: "vxlan" is none of ipip, gue, gre',
    },
    {
      desc: "a type of tunnel for direct routing",
      options: ["-i", "eth0", "--vip", VIP, "--tunnel", "gre"],
      code: 2,
      message: "--tunnel goes with --method tunnel",
    },
    {
      desc: "a port that is none",
      options: ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--tunnel-port", "65536"],
      code: 2,
      message: '--tunnel-port: "65536" is no port from 1 to 65535',
    },
    {
      desc: "a port for tunnels that have none",
      options: ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--tunnel", "gre", "--tunnel-port", "6080"],
      code: 2,
      message: "--tunnel-port goes with tunnels of type gue",
    },
    {
      desc: "VIPs together with --undo",
      options: ["-i", "eth0", "--vip", VIP, "--undo"],
      code: 2,
      message: "--undo puts everything back: it does not go with --vip",
    },
  ]) {
    it(desc, async () => {
      assert.deepEqual(await suite.run(...options), { code, stdout: "", stderr: `xdirector: ${message}\n` });
      assert.deepEqual(suite.host(), suite.untouched);
    });
  }

  it("the record of another network namespace", async () => {
    await suite.run("-i", "eth0", "--vip", VIP);
    assert.deepEqual(await suite.runAtClient("-i", "eth0", "--undo"), {
      code: 1,
      stdout: "",
      stderr: `xdirector: ${suite.stateFile("eth0")} belongs to another network namespace: give --state-file\n`,
    });
  });

  it("pins where they would be gone with the command", async () => {
    const folder = join(sandbox.folder, "no-bpffs");
    const options = ["-i", "eth0", "--vip", VIP, "--method", "tunnel", "--pin-dir", join(folder, "pins")];
    assert.deepEqual(await suite.run(...options), {
      code: 1,
      stdout: "",
      stderr: `xdirector: ${folder} is not a bpffs; mount one and give --pin-dir: mounts of this command end with it\n`,
    });
    assert.deepEqual(suite.host(), suite.untouched);
  });

  it("an interface on which another program runs", async () => {
    server.ip("link", "set", "dev", SECOND, "xdpdrv", "obj", fromRoot("build", "bpf", "poll.bpf.o"), "sec", "xdp");
    const before = suite.host();
    const { code, stderr } = await suite.run("-i", SECOND, "--vip", VIP, "--method", "tunnel");
    assert.equal(code, 1);
    assert.match(stderr, /^xdirector: cannot attach to eth1\.7: bpf_link_create: .+\n$/);
    assert.deepEqual(suite.host(), before);
    server.ip("link", "set", "dev", SECOND, "xdpdrv", "off");
  });
});
