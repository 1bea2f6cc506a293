const before = performance.now();
await import("../../src/fastio/index.ts");
console.log((performance.now() - before) * 1e6);

export {};
