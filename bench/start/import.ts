import { buildLibrary } from "../native/program.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { inFreshProcesses } from "./processes.ts";

/** `import "millrace/fastio"` in a fresh process, against opening a library that does nothing. */
export async function importRows(context: Context): Promise<Row[]> {
  context.log("import");
  const library = await buildLibrary(context, "empty");
  const n = context.samples(30, 5);
  const times = await inFreshProcesses({ import: ["import-fastio.ts"], dlopen: ["empty-dlopen.ts", library] }, n);
  return [
    makeRow({
      name: 'import "millrace/fastio"',
      statistics: times.import,
      peer: { name: "dlopen of an empty library", value: times.dlopen.p50 },
      target: { of: "ratio", atLeast: 1 / 2 },
      note: "fresh processes in turn, files in the page cache; TypeScript is transpiled and the native library loaded within it; starting Bun is in neither",
    }),
  ];
}
