const before = performance.now();
const { ModelRunner } = await import("../../src/runner/index.ts");
await using runner = await ModelRunner.load(process.argv[2]!);
const { logits } = await runner.executeAsync({ image: { data: new Float32Array(64), shape: [1, 1, 8, 8] } });
if (logits?.data.length !== 10) throw new Error("no logits");
console.log((performance.now() - before) * 1e6);

export {};
