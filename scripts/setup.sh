#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Brings a Debian machine to the point where xdirector runs: packages, node modules, the BPF objects,
# the addon, the compiled TypeScript. Does only what is missing or out of date, one line a step.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly packages=(
  clang llvm libbpf-dev bpftool clang-format          # the data plane
  cmake make g++ pkg-config libmnl-dev libelf-dev zlib1g-dev # the addon
  iputils-ping                                        # PING_CHECK
  nginx-light iperf3 curl iproute2 ethtool procps openssl # the lab and the tests
  python3-minimal prometheus                          # tests: raw sockets; promtool checks the metrics
  keepalived                                          # VRRP; its own verdicts and samples
  qemu-system-x86 busybox-static kmod cpio xz-utils zstd ipvsadm # the kernel's own IPVS, in a VM
)
# Installed for their programs only: their services must not start, now or at boot.
readonly services=(nginx iperf3 prometheus ipvsadm keepalived)

step() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# version_at_least 6.18.4-foo 6 1
version_at_least() {
  local major minor
  IFS=. read -r major minor _ <<<"${1#v}"
  minor=${minor%%[!0-9]*}
  ((major > $2 || (major == $2 && minor >= $3)))
}

check_machine() {
  [[ $EUID -eq 0 ]] || fail "must run as root (XDP programs, namespaces); try again with sudo"
  command -v node >/dev/null || fail "Node.js is missing; install 20.19 or newer"
  version_at_least "$(node --version)" 20 19 || fail "Node.js $(node --version) is too old; 20.19 or newer is needed"
  version_at_least "$(uname -r)" 6 1 || fail "kernel $(uname -r) is too old; 6.1 or newer is needed"
  [[ -r /sys/kernel/btf/vmlinux ]] || fail "the kernel has no BTF (/sys/kernel/btf/vmlinux); CONFIG_DEBUG_INFO_BTF is needed"
}

mount_bpffs() {
  [[ $(stat -f -c %T /sys/fs/bpf 2>/dev/null) == bpf_fs ]] && return
  step "mounting bpffs at /sys/fs/bpf"
  mount -t bpf bpffs /sys/fs/bpf 2>/dev/null || fail "there is no bpffs at /sys/fs/bpf and it cannot be mounted"
}

missing_packages() {
  local -A have=()
  local name state
  while read -r state name; do
    [[ $state == ii ]] && have[$name]=1
  done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null)
  for name in "${packages[@]}"; do
    [[ ${have[$name]:-} ]] || printf '%s\n' "$name"
  done
}

readonly policy=/usr/sbin/policy-rc.d
readonly policy_mark="# written by xdirector's setup.sh for the time of one apt-get"

# Debian's maintainer scripts ask policy-rc.d before they start a service; ours says no.
refuse_services() {
  if [[ -e $policy ]] && ! grep -qsF "$policy_mark" "$policy"; then
    mv "$policy" "$policy.before-xdirector"
  fi
  trap allow_services EXIT
  printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy"
  chmod 755 "$policy"
}

allow_services() {
  rm -f "$policy"
  if [[ -e $policy.before-xdirector ]]; then
    mv "$policy.before-xdirector" "$policy"
  fi
  trap - EXIT
}

install_packages() {
  local missing service unwanted=()
  command -v dpkg-query >/dev/null || fail "this is not Debian; install by hand: ${packages[*]}"
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  step "installing Debian packages: ${missing[*]}"
  for service in "${services[@]}"; do
    [[ -e /etc/init.d/$service ]] || unwanted+=("$service")
  done
  refuse_services
  {
    apt-get update -q || true # a mirror that is down matters only if the packages are not there
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
      -o DPkg::Lock::Timeout=120 "${missing[@]}"
  } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "apt-get failed; its output is in $log"
  }
  for service in "${unwanted[@]}"; do
    deb-systemd-helper disable "$service.service" >/dev/null 2>&1 || true
    update-rc.d "$service" disable >/dev/null 2>&1 || true
  done
  allow_services
}

install_modules() {
  local digest stamp=node_modules/.installed-from
  digest=$(sha256sum <package-lock.json)
  [[ -e $stamp && $(<$stamp) == "$digest" ]] && return
  step "npm ci"
  npm ci >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "npm ci failed; its output is in $log"
  }
  printf '%s\n' "$digest" >$stamp
}

# build NAME COMMAND SOURCE...: runs COMMAND unless no SOURCE changed since it last succeeded. The stamp's
# time is when the build began, so that a file saved meanwhile counts as changed.
build() {
  local name=$1 command=$2 stamp=build/.built-$1
  shift 2
  [[ -e $stamp && -z $(find "$@" -newer "$stamp" -print -quit) ]] && return
  step "building $name"
  rm -f "$stamp"
  touch "$stamp.began"
  $command >"$log" 2>&1 || {
    cat "$log" >&2
    fail "building $name failed"
  }
  sed 's/^/setup:   /' <<<"$(grep -E '^[a-z_.]+: [0-9]+ instructions' "$log" || true)" | grep -v '^setup:   $' || true
  mv "$stamp.began" "$stamp"
}

check_machine
mkdir -p build
readonly log=build/setup.log
mount_bpffs
install_packages
install_modules
build bpf scripts/build-bpf.sh bpf test/support/*.bpf.c scripts/build-bpf.sh
build addon "npm run --silent build:addon" addon bpf/*.h package-lock.json
build typescript "npx --no-install tsc -p ." src test scripts tsconfig.json package-lock.json
build sizes "node build/ts/scripts/program-sizes.js $(echo build/bpf/{xdirector,realserver}.bpf.o)" build/bpf
step "ready"
