import { parseArgs } from "node:util";
import { type Placement, placementOf, usualPlacement } from "./placement.ts";

export interface Options {
  readonly suites: readonly string[];
  readonly json: string | undefined;
  readonly buildPeers: boolean;
  readonly scale: number;
  readonly pin: boolean;
  readonly placement: Placement;
}

export const usage = `bun run bench [suite...] [--json FILE] [--peers] [--scale N] [--cpus A,B] [--no-pin]
  --peers   build the peers that need cargo and a registry
  --scale   share of the usual number of samples: 0.1 for a quick look
  --cpus    where the two sides of a measurement run; two cores of one socket by default
  --no-pin  let the scheduler place the JavaScript threads; native programs stay there`;

export function parseOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "string" },
      peers: { type: "boolean", default: false },
      scale: { type: "string", default: "1" },
      cpus: { type: "string" },
      "no-pin": { type: "boolean", default: false },
    },
  });
  const scale = Number(values.scale);
  if (!(scale > 0)) throw new RangeError(`--scale ${values.scale} is not a positive number`);
  return {
    suites: positionals,
    json: values.json,
    buildPeers: values.peers,
    scale,
    pin: !values["no-pin"],
    placement: values.cpus === undefined ? usualPlacement() : placementOf(pair(values.cpus)),
  };
}

function pair(text: string): readonly [number, number] {
  const match = /^(\d+),(\d+)$/.exec(text);
  if (!match) throw new RangeError(`--cpus ${text} is not a pair such as 0,1`);
  return [Number(match[1]), Number(match[2])];
}
