// Keeps its payload and a view beyond `execute`, and tells what is left of them.
import { Driver, type Payload } from "../../../src/pipeline/index.ts";

let kept: { readonly payload: Payload; readonly view: Float32Array };
const codeOf = (use: () => unknown): unknown => {
  try {
    return use();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};
await new Driver({
  execute(_driver, payload) {
    const x = payload.fastioOutputs.get("x", { dtype: "float32" });
    kept = { payload, view: x.map() };
    console.log(kept.view.length);
    return true;
  },
  cleanup() {
    const { payload, view } = kept;
    console.log(view.length);
    console.log(codeOf(() => payload.fastioInputs));
    console.log(codeOf(() => payload.fastioOutputs));
    console.log(codeOf(() => payload.inputEntries));
    console.log(codeOf(() => payload.outputEntries));
    console.log(codeOf(() => payload.fastioContext));
    return true;
  },
})
  .start()
  .waitForCompletion();
