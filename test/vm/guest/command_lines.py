# SPDX-License-Identifier: MIT
"""Runs command lines of the real ipvsadm in order and prints what each one said, one JSON array a line."""

import json
import subprocess
import sys

subprocess.run(["modprobe", "-a", "ip_vs", "ip_vs_pe_sip"], check=True)
for name in "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh".split():
    subprocess.run(["modprobe", f"ip_vs_{name}"], check=True)
subprocess.run(["ip", "address", "add", "10.0.0.1/24", "dev", "lo"], check=True)
for argv in json.load(sys.stdin):
    done = subprocess.run(["ipvsadm", *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(json.dumps([argv, done.returncode, done.stdout, done.stderr]))
