// SPDX-License-Identifier: MIT
// Random command lines of ipvsadm, the same ones for the same seed: mostly legal, about few enough services that they
// meet each other.

import { Random } from "../support/random.ts";

const SERVICES = words(
  "-t 10.0.0.100:80|-t 10.0.0.100:http|-t 10.0.0.101:443|-u 10.0.0.100:53|-u 10.0.0.100:0|-t 10.0.0.100:0|--tcp-service=10.0.0.102:21|" +
    "-t [2001:db8::100]:80|-u [2001:db8::100]:53|-f 7|-f 7 -6|-f 4294967295|-t 10.0.0.100|-t 2001:db8::100|-t 10.0.0.300:80|-t :80|-f 0|-6 -f 7",
);
const SCHEDULERS = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh".split(" ");
const SERVERS = words(
  "10.0.1.1:80|10.0.1.2|10.0.1.3:8080|10.0.1.1:0|192.0.2.9:80|[2001:db8::11]:80|2001:db8::12|224.0.0.1:80|0.0.0.0:80|255.255.255.255|[2001:db8::11]|10.0.1.1:http|10.0.1.1:99999",
);
const SERVICE_OPTIONS = words(
  "-p|-p 60|-p 2678400|-p 0|--persistent=90|-M 255.255.255.0|-M 255.0.255.0|-M 64|-M abc|-M 129|-M 0.0.0.0|--pe sip|--pe nosuch|-o|--ops|-b flag-1|" +
    "-b sh-port|-b sh-fallback,sh-port|-b mh-port,mh-fallback|-b flag-1,flag-2|-b flag-3|-b nosuch|-b sh-port,,flag-1|-b sh-port,",
);
const SERVER_OPTIONS = words(
  "-g|-i|-m|-w 0|-w 5|-w 65535|-w 65536|-w -1|-w x|-x 10|-x 10 -y 5|-y 5|-x 5 -y 10|-x -1|-i --tun-type ipip|-i --tun-type gue --tun-port 6080|" +
    "-i --tun-type gue|-i --tun-type gue --tun-port 6080 --tun-csum|-i --tun-type gre|-i --tun-type gre --tun-csum|--tun-type gre|" +
    "-i --tun-type gre --tun-port 1|-i --tun-type gue --tun-port 6080 --tun-csum --tun-nocsum|-i --tun-type xyz|-i --tun-port 0|-i --tun-csum",
);
const LISTINGS = words(
  "-Ln|-ln|-Ln --stats|-Ln --rate|-Ln --thresholds|-Ln --persistent-conn|-Ln --tun-info|-Ln --exact|-Ln -X --stats|-Ln --sort|-Lnc|" +
    "-L --timeout|-L --daemon|-Ln --stats --rate|-Ln --rate --thresholds|-L --timeout --daemon|-Lnc --stats|-L --timeout --stats|-L --daemon --persistent-conn|" +
    "-Lc --timeout|-Ln --thresholds --tun-info|-Sn|--save --numeric|-S -n -n|-Ln --syncid 3|-L -w 1 -n|-Sn --stats",
);
const OTHERS = words(
  "-C|-Z|--set 60 30 20|--set 0 0 0|--set 1 2|--set 1 2 3 4|--set x 1 2|--set 2678401 1 1|-h -n x|-v|-n|xyz|--bogus|-q|-A|-t|-A -A|-A -D|-C -n|-R -n|-Z -n|-h",
);

export function commandLines(seed: number, count: number): string[][] {
  const random = new Random(seed);
  const oneOf = <T>(choices: readonly T[]): T => random.oneOf(choices);
  const some = (choices: readonly string[]): string[] => {
    const wanted = random.below(3);
    return Array.from({ length: wanted }, () => oneOf(choices));
  };
  const aService = () => oneOf(random.chance(0.85) ? SERVICES.slice(0, 12) : SERVICES);
  const aServer = () => `-r ${oneOf(random.chance(0.8) ? SERVERS.slice(0, 7) : SERVERS)}`;
  const options = (own: readonly string[]) => some(random.chance(0.9) ? own : [...SERVICE_OPTIONS, ...SERVER_OPTIONS]);
  const aScheduler = () => (random.chance(0.8) ? [`-s ${oneOf(SCHEDULERS)}`] : random.chance(0.3) ? ["-s nosuch"] : []);
  const kinds: readonly (readonly [weight: number, () => string[]])[] = [
    [4, () => ["-A", aService(), ...aScheduler(), ...options(SERVICE_OPTIONS)]],
    [3, () => ["-E", aService(), ...aScheduler(), ...options(SERVICE_OPTIONS)]],
    [6, () => ["-a", aService(), aServer(), ...options(SERVER_OPTIONS)]],
    [4, () => ["-e", aService(), aServer(), ...options(SERVER_OPTIONS)]],
    [1, () => ["-D", aService(), ...(random.chance(0.1) ? ["-n"] : [])]],
    [2, () => ["-d", aService(), aServer(), ...(random.chance(0.1) ? ["-w 1"] : [])]],
    [3, () => [oneOf(LISTINGS), ...(random.chance(0.3) ? [aService()] : [])]],
    [1, () => [random.chance(0.5) ? `-Z ${aService()}` : oneOf(OTHERS)]],
  ];
  const deck = kinds.flatMap(([weight, make]) => new Array<() => string[]>(weight).fill(make));
  const line = (): string[] => {
    // Options come in any order behind the command.
    const [command = "", ...rest] = oneOf(deck)();
    return [command, ...(random.chance(0.3) ? rest.toReversed() : rest)].join(" ").split(" ");
  };
  return Array.from({ length: count }, line);
}

function words(text: string): string[] {
  return text.split("|");
}
