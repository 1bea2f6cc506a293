import { dlopen } from "bun:ffi";

const before = performance.now();
dlopen(process.argv[2]!, { nothing: { args: [], returns: "void" } }).symbols.nothing();
console.log((performance.now() - before) * 1e6);
