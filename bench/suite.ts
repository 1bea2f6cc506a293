import type { Placement } from "./placement.ts";
import type { Row } from "./row.ts";

/** What the command line decided, for every suite. */
export interface Context {
  readonly placement: Placement;
  /** JavaScript threads stay on the placement's CPUs (not with `--no-pin`). */
  readonly pin: boolean;
  /** Build peers that need another tool chain and a registry (`--peers`); one that is built already is used anyway. */
  readonly buildPeers: boolean;
  /** The number of samples to take where `usual` would be taken in full; at least `least`. */
  samples(usual: number, least?: number): number;
  /** The result of `measure`, made once per run however many suites ask for it: peers are compared within one run. */
  once<T>(key: string, measure: () => Promise<T>): Promise<T>;
  log(line: string): void;
}

/** A file in `bench/suites/`. */
export interface Suite {
  run(context: Context): Promise<Row[]>;
}
