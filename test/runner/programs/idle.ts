import { ModelRunner } from "../../../src/runner/index.ts";

const runner = await ModelRunner.load(process.argv[2]!);
await runner.executeAsync({ x: new Float32Array(4) });
console.log("answered");
