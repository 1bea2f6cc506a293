// Every kind of buffer over native memory that a user can get hold of, filled with a pattern.
import { FastIOContext, FastIOEntry, IOAccess } from "../../../src/fastio/index.ts";
import { ModelRunner } from "../../../src/runner/index.ts";
import { TensorMemory } from "../../../src/tensor/index.ts";

/** A view that the user holds, and what ends its owner. */
export interface Exposed {
  readonly view: Uint8Array<ArrayBuffer>;
  readonly close: () => void | Promise<void>;
  /** The owner's end may take the memory itself: a buffer that the user keeps is then valid, its bytes are anyone's. */
  readonly perishable?: boolean | undefined;
  /** After everything else: lets go of what kept the memory. */
  readonly end?: (() => void) | undefined;
}

export const patternOf = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + 3) & 255);
const sizes = { small: 1000, large: 70_000 };

function bytesOf(array: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
}

function memory(size: number): Exposed {
  const owner = new TensorMemory(size);
  const view = bytesOf(owner.getView().data);
  view.set(patternOf(size));
  return { view, close: () => owner.close() };
}

type How = "map" | "getArray" | "getBytes";
type End = "release" | "free" | "closeContext";

function allocation(size: number, how: How, end: End, heldElsewhere: boolean): Exposed {
  const job = FastIOContext.open("abuse");
  const elsewhere = FastIOContext.open("abuse");
  const owner = job.create(size);
  owner.map().set(patternOf(size));
  owner.publish("tensor", { replace: true });
  if (heldElsewhere) elsewhere.get("tensor");
  const view = bytesOf(owner[how]());
  return {
    view,
    perishable: !heldElsewhere,
    end: () => elsewhere.close(),
    close: () => {
      if (job.closed) return;
      if (end !== "closeContext") owner[end]();
      // Takes the memory over, if it is nobody's any more.
      using next = end === "closeContext" ? undefined : job.create(size);
      next?.map().fill(255);
      job.close();
    },
  };
}

function entry(size: number, how: "map" | "getArray"): Exposed {
  const job = FastIOContext.open("abuse");
  const owner = new FastIOEntry(
    job,
    { name: "entry", type: "array", elementType: "uint8", shape: [-1] },
    { access: IOAccess.ReadWrite },
  );
  owner.updateShape([0], [size]);
  bytesOf(owner.map()).set(patternOf(size));
  const view = bytesOf(owner[how]());
  return { view, close: () => job.close(), perishable: true };
}

/** 80,000 bytes leave the engine as they are, without a copy. */
async function result(output: "doubled" | "row_sum"): Promise<Exposed> {
  const runner = await ModelRunner.load(process.env["MODEL"]!);
  const results = await runner.executeAsync({ x: { data: new Float32Array(20_000), shape: [100, 200] } });
  const tensor = results[output]!;
  const view = bytesOf(tensor.data);
  view.set(patternOf(view.length));
  return {
    view,
    close: async () => {
      for (const one of Object.values(results)) one[Symbol.dispose]();
      await runner.close();
    },
  };
}

export const exposed: Record<string, () => Exposed | Promise<Exposed>> = {
  "tensor memory, small": () => memory(sizes.small),
  "tensor memory": () => memory(sizes.large),
  "result, copied": () => result("row_sum"),
  "result, held": () => result("doubled"),
  "entry.map": () => entry(sizes.large, "map"),
  "entry.getArray": () => entry(sizes.large, "getArray"),
};
for (const how of ["map", "getArray", "getBytes"] as const) {
  for (const end of ["release", "free", "closeContext"] as const) {
    for (const held of [false, true]) {
      const name = `allocation.${how}, ${end}${held ? ", held elsewhere" : ""}`;
      exposed[name] = () => allocation(sizes.large, how, end, held);
    }
  }
}
