// Builds the Poplar shim, `bun run build:poplar`, where POPLAR_SDK names an SDK; `--look-alike` builds what the tests use in
// its place; MILLRACE_SHIM names another file than the one that DeviceManager looks for. See docs/poplar.md.
import { buildShim, shimPath } from "./poplar/build-shim.ts";
import { findCompiler, Unavailable } from "./poplar/compiler.ts";
import { buildLookAlike, shapes } from "./poplar/look-alike.ts";
import { findSdk } from "./poplar/sdk.ts";

try {
  if (process.argv.includes("--look-alike")) {
    for (const shape of shapes) console.log(await buildLookAlike(shape, process.argv.includes("--debug")));
  } else {
    const sdk = findSdk();
    console.error(`${sdk.folder}, ${findCompiler().version}`);
    const out = process.env["MILLRACE_SHIM"] || shimPath;
    await buildShim({ ...sdk, out, runPath: sdk.lib });
    console.log(out);
  }
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.error(error.message);
  process.exit(1);
}
