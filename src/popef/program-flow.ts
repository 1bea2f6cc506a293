import { requireCount } from "./requirements.ts";

export interface ProgramFlowOptions {
  readonly load?: readonly number[] | undefined;
  readonly main?: readonly number[] | undefined;
  readonly save?: readonly number[] | undefined;
}

function programs(numbers: readonly number[] | undefined, what: string): readonly number[] {
  return Object.freeze((numbers ?? []).map((number) => requireCount(number, `a program of ${what}`, "ProgramFlow")));
}

/** Which programs of an executable bring weights to the device, which are the model, and which take weights back. */
export class ProgramFlow {
  /** Run once, before the first main program. */
  readonly load: readonly number[];
  readonly main: readonly number[];
  /** Run when the model leaves the device. */
  readonly save: readonly number[];

  /** @throws ArgumentError `invalid_argument`: a number is no integer of 32 bits. */
  constructor({ load, main, save }: ProgramFlowOptions = {}) {
    this.load = programs(load, "load");
    this.main = programs(main, "main");
    this.save = programs(save, "save");
  }
}
