const before = performance.now();
const { InferenceSession, Tensor } = await import("onnxruntime-node");
const session = await InferenceSession.create(process.argv[2]!);
const { logits } = await session.run({ image: new Tensor("float32", new Float32Array(64), [1, 1, 8, 8]) });
if (logits?.data.length !== 10) throw new Error("no logits");
console.log((performance.now() - before) * 1e6);

export {};
