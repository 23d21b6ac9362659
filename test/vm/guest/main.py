# SPDX-License-Identifier: MIT
"""In the VM: {lab, cases, walks} on stdin, each case through the kernel's IPVS and, where it says so, through
xdirector; each walk through both.

Writes {kernel, daemon, ipvs: {NAME: [step...]}, xdirector: {NAME: [step...]}, walks: {ipvs, xdirector}} to stdout;
see guest-run.ts.
"""

import json
import os
import platform
import sys

from ipvs import IpvsRun
from lab import Lab, run
from xdirector import XdirectorRun


def main():
    if os.environ.get("VMRUN") != "1":
        sys.exit("this builds namespaces with fixed names: run it by vmrun, in a VM of its own")
    job = json.load(sys.stdin)
    run("modprobe", "-a", "ip_vs", "8021q")
    ours = [case for case in job["cases"] if case["compare"]]
    xdirector = XdirectorRun(job["lab"]) if ours or job["walks"] else None
    # Bursts of answers are what bursts of packets ask for.
    for name in ("icmp_msgs_per_sec", "icmp_msgs_burst"):
        Lab.sysctl(f"ipv4/{name}", 1000000)
    # Packets stay on the CPU of their sender, and so in order; the daemon, already started, may use any.
    os.sched_setaffinity(0, {0})
    ipvs = IpvsRun(job["lab"])
    report = {"kernel": platform.release(), "daemon": "", "xdirector": {}}
    report["ipvs"] = {case["name"]: attempt(ipvs, case) for case in job["cases"]}
    report["walks"] = {"ipvs": {walk["name"]: attempt(ipvs, walk) for walk in job["walks"]}, "xdirector": {}}
    if xdirector:
        report["daemon"] = xdirector.daemon.wait_until_ready()
        report["xdirector"] = {case["name"]: attempt(xdirector, case) for case in ours}
        report["walks"]["xdirector"] = {walk["name"]: attempt(xdirector, walk) for walk in job["walks"]}
        xdirector.close()
    json.dump(report, sys.stdout)


def attempt(subject, case):
    """The steps' results; a text says what went wrong instead."""
    try:
        return list(subject.steps(case))
    except (RuntimeError, OSError) as error:
        return f"{type(error).__name__}: {error}"


main()
