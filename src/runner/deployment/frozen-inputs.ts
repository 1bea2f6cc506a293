import { NativeBuffer } from "../../native/buffer.ts";
import { makeError } from "../../native/error.ts";
import type { Anchor } from "../../popef/index.ts";
import { asTensor, type DType, elementTypes, type TensorInput, type TensorSource } from "../../tensor/index.ts";

/** A copy of the caller's data in native memory. */
export interface Frozen {
  readonly memory: NativeBuffer;
  readonly byteLength: number;
  readonly dtype: DType;
  /** Its number in ONNX. */
  readonly type: number;
  /** Undefined: only the model knows. */
  readonly shape: readonly number[] | undefined;
}

type Given = Readonly<Record<string, TensorInput>>;

/** Copies the caller's inputs, so that they may be changed. Close what is returned. */
export class FrozenInputs implements Disposable {
  readonly #inputs = new Map<string, Frozen>();

  get names(): ReadonlySet<string> {
    return new Set(this.#inputs.keys());
  }

  get(name: string): Frozen | undefined {
    return this.#inputs.get(name);
  }

  entries(): IterableIterator<[string, Frozen]> {
    return this.#inputs.entries();
  }

  /**
   * For a model whose anchors are known.
   * @throws ArgumentError `wrong_dtype`, `wrong_shape`, `wrong_size`, `invalid_argument`
   */
  static of(given: Given, anchors: readonly Anchor[], op: string): FrozenInputs {
    return FrozenInputs.#copy(
      given,
      (name, input, where) => {
        const anchor = anchors.find((one) => one.name === name && one.type !== "output");
        // A name that the model does not have is told when its anchors are sorted.
        if (anchor === undefined) return { tensor: asTensor(input, { op: where }), labelled: true };
        const { dtype, shape } = anchor.tensorInfo;
        return { tensor: asTensor(input, { dtype, shape, op: where }), labelled: true };
      },
      op,
    );
  }

  /** For a model that only the engine knows, which then checks them. */
  static unchecked(given: Given, op: string): FrozenInputs {
    return FrozenInputs.#copy(
      given,
      (_name, input, where) => {
        const labelled = "shape" in (input as object) && (input as { shape?: unknown }).shape !== undefined;
        return { tensor: asTensor(input, { op: where }), labelled };
      },
      op,
    );
  }

  static #copy(
    given: Given,
    read: (name: string, input: TensorInput, where: string) => { tensor: TensorSource; labelled: boolean },
    op: string,
  ): FrozenInputs {
    if (typeof given !== "object" || given === null) {
      throw makeError("invalid_argument", { op, message: `frozenInputs is ${String(given)}, no record of tensors.` });
    }
    const made = new FrozenInputs();
    try {
      for (const [name, input] of Object.entries(given)) {
        const { tensor, labelled } = read(name, input, `${op} frozenInputs "${name}"`);
        const { byteLength, dtype, shape } = tensor;
        const memory = NativeBuffer.create(byteLength, op);
        made.#inputs.set(name, {
          memory,
          byteLength,
          dtype,
          type: elementTypes[dtype].code,
          shape: labelled ? [...shape] : undefined,
        });
        new Uint8Array(memory.buffer).set(tensor.bytes());
      }
    } catch (error) {
      made.close();
      throw error;
    }
    return made;
  }

  close(): void {
    for (const { memory } of this.#inputs.values()) memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
