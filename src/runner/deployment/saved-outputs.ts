import { makeError } from "../../native/error.ts";
import { off } from "../../native/switches.ts";
import type { Anchor } from "../../popef/index.ts";
import { asTensor, isTensorSource } from "../../tensor/index.ts";
import type { OutputMemory } from "../execute-options.ts";

/** Memory of the caller's for what the save programs of each replica give. */
export type ReplicaOutputs = Readonly<Record<number, Readonly<Record<string, OutputMemory>>>>;

/** Where what the save programs give goes. */
export class SavedOutputs {
  /** By replica, then name. */
  readonly #targets = new Map<number, Map<string, () => Uint8Array>>();
  readonly #kept: (() => void)[] = [];

  /** @throws ArgumentError `unknown_output`, `wrong_dtype`, `wrong_shape`, `wrong_size`, `invalid_argument` */
  constructor(given: ReplicaOutputs, anchors: readonly Anchor[], replicas: number, op: string) {
    for (const [replica, outputs] of Object.entries(given)) {
      if (!(Number(replica) < replicas)) {
        const message = `replicaToSaveProgramsOutputs names replica ${replica} of ${replicas}.`;
        throw makeError("invalid_argument", { op, message });
      }
      const targets = new Map<string, () => Uint8Array>();
      for (const [name, memory] of Object.entries(outputs)) targets.set(name, target(name, memory, anchors, op));
      this.#targets.set(Number(replica), targets);
    }
  }

  /** Memory for `name` of a replica; undefined: nobody wants it. */
  find(replica: number, name: string): Uint8Array | undefined {
    return this.#targets.get(replica)?.get(name)?.();
  }

  /** What every replica has: copied now, delivered by `fill`. */
  keep(name: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return;
    const wanting = [...this.#targets.keys()].filter((replica) => this.#targets.get(replica)!.has(name));
    if (wanting.length === 0) return;
    const copy = bytes.slice();
    for (const replica of wanting) this.#kept.push(() => this.find(replica, name)?.set(copy));
  }

  fill(): void {
    if (off("save_programs_outputs")) return;
    for (const deliver of this.#kept.splice(0)) deliver();
  }
}

function target(name: string, memory: OutputMemory, anchors: readonly Anchor[], op: string): () => Uint8Array {
  const where = `${op} replicaToSaveProgramsOutputs "${name}"`;
  const anchor = anchors.find((one) => one.name === name);
  if (anchor === undefined) {
    const known = anchors.map((one) => `"${one.name}"`).join(", ") || "nothing";
    throw makeError("unknown_output", { op: where, message: `the save programs give ${known}.` });
  }
  if (isTensorSource(memory)) {
    throw makeError("invalid_argument", {
      op: where,
      message: "the tensor is for reading.",
      hint: "Pass a typed array or a TensorMemory.",
    });
  }
  const { dtype, shape } = anchor.tensorInfo;
  const tensor = asTensor(memory, { dtype, shape, op: where });
  return () => tensor.bytes();
}
