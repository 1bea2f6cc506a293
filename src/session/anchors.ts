import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";
import { type Anchor, type Model, TensorType } from "../popef/index.ts";
import type { PopefDataUsagePredicate } from "./policy.ts";
import { hasData } from "./popef-data.ts";

/** A model's anchors by what a session does with them. */
export class Anchors {
  readonly inputs: readonly Anchor[];
  readonly outputs: readonly Anchor[];
  /** Served by the model's own data. */
  readonly withData: ReadonlySet<Anchor>;
  readonly #model: Model;

  /** @throws ArgumentError `invalid_argument`: the predicate gives no policy. */
  constructor(model: Model, predicate: PopefDataUsagePredicate | undefined, op: string) {
    this.#model = model;
    // Without a handle it is streamed nowhere.
    const anchors = model.metadata.anchors.filter((anchor) => anchor.handle !== "");
    this.inputs = anchors.filter((anchor) => anchor.type === TensorType.Input);
    this.outputs = anchors.filter((anchor) => anchor.type === TensorType.Output);
    this.withData = new Set(
      anchors.filter((anchor) => hasData(model, anchor) && usage(predicate, anchor, op) === "usePopefDataIfAny"),
    );
  }

  userInputs(): Anchor[] {
    return this.inputs.filter((anchor) => !this.withData.has(anchor));
  }

  userOutputs(): Anchor[] {
    return this.outputs.filter((anchor) => !this.withData.has(anchor));
  }

  /** @throws ArgumentError `unknown_anchor` */
  byHandle(handle: string, op: string): Anchor {
    const anchor = [...this.inputs, ...this.outputs].find((one) => one.handle === handle);
    if (anchor !== undefined) return anchor;
    const known = [...this.inputs, ...this.outputs].map((one) => `"${one.handle}"`).join(", ");
    throw makeError("unknown_anchor", { op, message: `"${handle}" is none of ${known}.` });
  }

  /** Anchors of the model that a program uses. */
  of(program: number): Anchor[] {
    return [...this.inputs, ...this.outputs].filter((anchor) => anchor.programs.includes(program));
  }

  /** @throws ArgumentError `unknown_program`, `invalid_argument` */
  requirePrograms(programs: readonly number[], op: string): void {
    const { programFlow, programsMap } = this.#model.metadata;
    const known = new Set([...programFlow.load, ...programFlow.main, ...programFlow.save, ...programsMap.keys()]);
    if (!Array.isArray(programs))
      throw makeError("invalid_argument", { op, message: "the programs are no list of numbers." });
    for (const program of programs) {
      if (known.has(program)) continue;
      const list = [...known].sort((a, b) => a - b).join(", ");
      throw makeError("unknown_program", { op, message: `${String(program)} is none of ${list}.` });
    }
  }
}

function usage(predicate: PopefDataUsagePredicate | undefined, anchor: Anchor, op: string) {
  if (off("use_popef_data")) return "useUserData";
  if (off("use_user_data")) return "usePopefDataIfAny";
  const policy = predicate?.(anchor) ?? "usePopefDataIfAny";
  if (policy === "usePopefDataIfAny" || policy === "useUserData") return policy;
  throw makeError("invalid_argument", {
    op,
    message: `predTensorData says ${JSON.stringify(policy)} for "${anchor.handle}".`,
    hint: 'Return "usePopefDataIfAny" or "useUserData".',
  });
}
