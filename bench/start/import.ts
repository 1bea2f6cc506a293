import { buildLibrary } from "../native/program.ts";
import { makeRow, type Row } from "../row.ts";
import type { Context } from "../suite.ts";
import { inFreshProcesses } from "./processes.ts";

/** `import "millrace/fastio"` in a fresh process, against opening a library that does nothing. */
export async function importRows(context: Context): Promise<Row[]> {
  context.log("import");
  const library = await buildLibrary(context, "empty");
  const n = context.samples(30, 5);
  const times = await inFreshProcesses(
    {
      import: ["import-module.ts", `${import.meta.dir}/../../src/fastio/index.ts`],
      nothing: ["import-module.ts", `${import.meta.dir}/nothing.js`],
      dlopen: ["empty-dlopen.ts", library],
    },
    n,
  );
  const peer = { name: "dlopen of an empty library", value: times.dlopen.p50 };
  return [
    makeRow({
      name: 'import "millrace/fastio"',
      statistics: times.import,
      peer,
      target: { of: "ratio", atLeast: 1 / 2 },
      note: "fresh processes in turn, files in the page cache; TypeScript is transpiled and the native library loaded within it; starting Bun is in neither",
    }),
    makeRow({
      name: "import of a module with nothing in it",
      statistics: times.nothing,
      peer,
      note: "the floor of the row above: what Bun takes before any module of ours runs",
    }),
  ];
}
