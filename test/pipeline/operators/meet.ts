// Ends well only when an operator of the name in its argument runs at the same time.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  async execute({ stageName }, { fastioContext, fastioInputs, fastioOutputs }) {
    fastioContext.publishArray(Uint8Array.of(1), `${stageName} is here`);
    using _other = await fastioContext.waitFor(`${process.argv[2]} is here`, { timeoutMs: 20_000 });
    const [input] = fastioInputs;
    const [output] = fastioOutputs;
    output!.setValues(Float32Array.from(input!.getArray() as Float32Array, (value) => value * 2));
    return true;
  },
})
  .start()
  .waitForCompletion();
