const before = performance.now();
await import(process.argv[2]!);
console.log((performance.now() - before) * 1e6);

export {};
