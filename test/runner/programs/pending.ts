import { ModelRunner } from "../../../src/runner/index.ts";

const runner = await ModelRunner.load(process.argv[2]!);
const running = runner.executeAsync({ x: new Float32Array([9]), steps: new BigInt64Array([50n]) });
void running.then(({ y }) => console.log(y!.data[0]));
