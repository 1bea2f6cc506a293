import { FastIOContext, FastIOEntry, IOAccess } from "../../src/fastio/index.ts";
import { native } from "../../src/native/library.ts";
import type { HotCall, HotCase } from "./case.ts";

const elements = 1024;

/** A context with one published tensor of 8 KiB. */
function scene(make: (job: FastIOContext) => () => unknown): HotCall {
  const job = FastIOContext.open(`bench-hot-${process.pid}`);
  const tensor = job.create({ dtype: "float64", shape: [elements] });
  tensor.publish("tensor");
  const call = make(job);
  return { call, close: () => job.close() };
}

function entry(job: FastIOContext): FastIOEntry<"float32"> {
  const declaration = { name: "out", type: "array", elementType: "float32", shape: [-1] };
  const out = new FastIOEntry<"float32">(job, declaration, { access: IOAccess.ReadWrite });
  out.updateShape([0], [elements]);
  return out;
}

export const cases: readonly HotCase[] = [
  {
    name: "FFI call without arguments",
    note: "mr_boundary_live",
    prepare: () => ({ call: () => native.mr_boundary_live(), close: () => {} }),
  },
  {
    name: "changes",
    note: "what a polling consumer compares",
    prepare: () => scene((job) => () => job.changes),
  },
  {
    name: "has",
    note: "a name that is published",
    prepare: () => scene((job) => () => job.has("tensor")),
  },
  {
    name: "tryGet of a missing name",
    note: "what a polling consumer pays",
    prepare: () => scene((job) => () => job.tryGet("nothing")),
  },
  {
    name: "get and release",
    note: "another reference to the memory is held",
    prepare: () => scene((job) => () => job.get("tensor").release()),
  },
  {
    name: "get, getArray and release",
    note: "another reference to the memory is held, not through this view",
    prepare: () =>
      scene((job) => () => {
        const got = job.get<"float64">("tensor");
        const first = got.getArray()[0];
        got.release();
        return first;
      }),
  },
  {
    name: "publish with replace",
    note: "an existing allocation, no attributes",
    prepare: () =>
      scene((job) => {
        const tensor = job.get("tensor");
        return () => tensor.publish("tensor", { replace: true });
      }),
  },
  {
    name: "setValues, 1024 float32 of the same type",
    note: "into an allocated entry, no conversion",
    prepare: () =>
      scene((job) => {
        const [out, values] = [entry(job), new Float32Array(elements).fill(1)];
        return () => out.setValues(values);
      }),
  },
  {
    name: "setValues, 1024 float64 converted to float32",
    note: "into an allocated entry",
    prepare: () =>
      scene((job) => {
        const [out, values] = [entry(job), new Float64Array(elements).fill(1)];
        return () => out.setValues(values);
      }),
  },
  {
    name: "set on a kept view, 1024 float32",
    note: "the copy alone, for comparison with setValues",
    prepare: () =>
      scene((job) => {
        const [view, values] = [entry(job).map(), new Float32Array(elements).fill(1)];
        return () => view.set(values);
      }),
  },
];
