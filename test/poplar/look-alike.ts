import { Unavailable } from "../../scripts/poplar/compiler.ts";
import { buildLookAlike, type Shape, shapes } from "../../scripts/poplar/look-alike.ts";

/** The shim over each look-alike; none where there is no compiler, which is said. */
export async function lookAlikes(): Promise<{ readonly shape: Shape; readonly path: string }[]> {
  if (Bun.which(process.env["CXX"] || "g++") === null) {
    console.warn("no C++ compiler: the Poplar shim is not tested");
    return [];
  }
  const built: { shape: Shape; path: string }[] = [];
  for (const shape of shapes) {
    try {
      built.push({ shape, path: await buildLookAlike(shape, true) });
    } catch (error) {
      if (error instanceof Unavailable) throw new Error(error.message);
      throw error;
    }
  }
  return built;
}
