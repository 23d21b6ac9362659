# SPDX-License-Identifier: MIT
"""In the VM: {lab, cases} on stdin, each case through the kernel's IPVS and, where it says so, through xdirector.

Writes {kernel, daemon, ipvs: {NAME: [step...]}, xdirector: {NAME: [step...]}} to stdout; see guest-run.ts.
"""

import json
import os
import platform
import sys

from ipvs import IpvsRun
from lab import run
from xdirector import XdirectorRun


def main():
    if os.environ.get("VMRUN") != "1":
        sys.exit("this builds namespaces with fixed names: run it by vmrun, in a VM of its own")
    job = json.load(sys.stdin)
    run("modprobe", "-a", "ip_vs", "8021q")
    ours = [case for case in job["cases"] if case["compare"]]
    xdirector = XdirectorRun(job["lab"]) if ours else None
    # Packets stay on the CPU of their sender, and so in order; the daemon, already started, may use any.
    os.sched_setaffinity(0, {0})
    ipvs = IpvsRun(job["lab"])
    report = {"kernel": platform.release(), "daemon": "", "xdirector": {}}
    report["ipvs"] = {case["name"]: attempt(ipvs, case) for case in job["cases"]}
    if xdirector:
        report["daemon"] = xdirector.wait_until_ready()
        report["xdirector"] = {case["name"]: attempt(xdirector, case) for case in ours}
        xdirector.close()
    json.dump(report, sys.stdout)


def attempt(subject, case):
    """The steps' results; a text says what went wrong instead."""
    try:
        return list(subject.steps(case))
    except (RuntimeError, OSError) as error:
        return f"{type(error).__name__}: {error}"


main()
