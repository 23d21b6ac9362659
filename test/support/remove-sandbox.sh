#!/bin/sh
# SPDX-License-Identifier: MIT
# remove-sandbox.sh NAME [--when-stdin-ends]: removes everything of one sandbox, whoever left it behind: the
# processes in its namespaces, the namespaces with their interfaces and programs, its bpffs with the pins, its folder.
# Works from names alone, so that it needs nothing from a process that was killed.
name=$1
case $name in
xd-*) ;;
*) echo "remove-sandbox.sh: not a sandbox: $name" >&2; exit 2 ;;
esac

if [ "$2" = --when-stdin-ends ]; then
  trap '' INT HUP
  cat >/dev/null
fi

namespaces() { ip netns list | awk -v prefix="$name." 'index($1, prefix) == 1 { print $1 }'; }

for namespace in $(namespaces); do
  pids=$(ip netns pids "$namespace")
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
done
for namespace in $(namespaces); do
  ip netns delete "$namespace"
done
folder=/tmp/$name
for mounted in $(awk -v prefix="$folder/" 'index($2, prefix) == 1 { print $2 }' /proc/mounts); do
  umount -l "$mounted"
done
rm -rf "$folder"
