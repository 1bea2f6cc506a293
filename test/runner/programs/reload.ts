import { native } from "../../../src/native/library.ts";
import { ModelRunner } from "../../../src/runner/index.ts";

const load = () => ModelRunner.load(process.argv[2]!);
const steps = (count: bigint) => ({ x: new Float32Array([5]), steps: new BigInt64Array([count]) });
const code = (error: unknown) => (error as { code: string }).code;

const runner = await load();
const running = [1, 2].map(() => runner.executeAsync(steps(1_000_000_000n)).catch(code));
await Bun.sleep(2);
// What a hot reload does to the old modules: the library's runs again in the same thread.
await import(`../../../src/native/library.ts?${"again"}`);
console.log(...(await Promise.all(running)), await runner.executeAsync(steps(0n)).catch(code));
while (native.mr_replica_live() > 0) await Bun.sleep(1);
const { y } = await (await load()).executeAsync(steps(1n));
console.log(y!.data[0]);
process.exit();
