import { ModelRunner } from "../../../src/runner/index.ts";

const [, , model, how] = process.argv;
const runner = await ModelRunner.load(model!);
void runner.executeAsync({ x: new Float32Array([1]), steps: new BigInt64Array([1_000_000_000n]) });
await Bun.sleep(10);
console.log("running");
if (how === "exit") process.exit(7);
if (how === "throw") setTimeout(() => fail("thrown"), 0);
if (how === "reject") await Promise.reject(new Error("rejected"));

function fail(message: string): never {
  throw new Error(message);
}
