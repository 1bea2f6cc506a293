// The shim under the compiler's sanitizers, over each look-alike: `bun scripts/poplar/stress.ts`. Part of .ci/run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nativeFolder } from "../../src/native/library-path.ts";
import { nativeTarget, simulatorName } from "../../src/native/platform.ts";
import { encodeExecutable } from "../../src/popef/executable/index.ts";
import { copyPlan } from "../../test/device/plans.ts";
import { findCompiler, root } from "./compiler.ts";
import { lookAlikeSources, shapes } from "./look-alike.ts";

const sanitizers = ["thread", "address,undefined"];
const threads = ["singleThread", "dedicated"];
const folder = mkdtempSync(join(tmpdir(), "millrace-stress-"));
let failed = 0;
try {
  const { command } = findCompiler();
  const executable = join(folder, "copy");
  await Bun.write(executable, encodeExecutable(copyPlan({ iterations: 3 }), new Uint8Array()));
  for (const shape of shapes) {
    for (const sanitizer of sanitizers) {
      const program = join(folder, `stress-${shape}-${sanitizer}`);
      const { sources, include } = lookAlikeSources(shape);
      const simulator = join(nativeFolder("stress"), simulatorName(nativeTarget()));
      const parts = ["shim.cpp", "shim/stress.cpp"].map((file) => join(root, "zig/driver/poplar", file));
      const options = [
        ...["-std=c++17", "-g", "-O1", "-pthread", `-fsanitize=${sanitizer}`, "-fno-sanitize-recover=undefined"],
        ...[`-DMILLRACE_LOOK_ALIKE=${shape}`, `-DLOOK_ALIKE_SIMULATOR="${"../".repeat(16)}${simulator.slice(1)}"`],
        ...include.flatMap((path) => ["-isystem", path]),
      ];
      const built = Bun.spawnSync([command, ...options, ...sources, ...parts, "-rdynamic", "-ldl", "-o", program], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      for (const mode of built.exitCode === 0 ? threads : []) {
        const ran = Bun.spawnSync([program, executable, mode], { stdio: ["ignore", "pipe", "inherit"] });
        const said = new TextDecoder().decode(ran.stdout).trim();
        console.log(`SDK ${shape} look-alike, ${sanitizer}, callbacks ${mode}: ${said}`);
        if (ran.exitCode !== 0) failed++;
      }
      if (built.exitCode !== 0) failed++;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(failed === 0 ? 0 : 1);
