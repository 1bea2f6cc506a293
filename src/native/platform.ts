/** This machine, as the folders below `native/` are named: `linux-x64`, `linux-arm64-musl`, … */
export function nativeTarget(): string {
  const base = `${process.platform}-${process.arch}`;
  return process.platform === "linux" && isMusl() ? `${base}-musl` : base;
}

export function libraryName(target: string): string {
  return target.startsWith("darwin") ? "libmillrace.dylib" : "libmillrace.so";
}

/** Simulated IPUs, behind the interface of a device driver. */
export function simulatorName(target: string): string {
  return target.startsWith("darwin") ? "libmillrace-sim-poplar.dylib" : "libmillrace-sim-poplar.so";
}

/** A simulated CUDA driver. */
export function cudaSimulatorName(target: string): string {
  return target.startsWith("darwin") ? "libmillrace-sim-cuda.dylib" : "libmillrace-sim-cuda.so";
}

function isMusl(): boolean {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const glibc = process.arch === "arm64" ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";
  return isFile(`/lib/ld-musl-${machine}.so.1`) && !isFile(glibc);
}

/** Whether there is a file with bytes in it. Asks Bun, because importing `node:fs` takes 3 ms. */
export function isFile(path: string): boolean {
  return Bun.file(path).size > 0;
}
