import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json";

const root = join(import.meta.dir, "../..");
// The programs that the packing itself needs; a consumer gets none of them.
const noPrograms = "/nonexistent";

interface Output {
  readonly exit: number;
  readonly text: string;
}

/** An empty project of somebody else's, in a folder of its own. */
export class Consumer implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "millrace-consumer-"));

  /** The project's tarball. Builds for this machine; the builds for others go along when they are there. */
  async pack(): Promise<string> {
    await this.#expect([process.execPath, "scripts/pack.ts", "--here"], root, {});
    await this.#expect([process.execPath, "pm", "pack", "--ignore-scripts", "--destination", this.folder], root, {});
    return join(this.folder, `millrace-${manifest.version}.tgz`);
  }

  /** Nothing but Bun: no scripts run, and no compiler is on the path. */
  async install(tarball: string): Promise<void> {
    const manifest = { name: "consumer", private: true, type: "module", dependencies: { millrace: tarball } };
    this.write("package.json", JSON.stringify(manifest));
    const command = [process.execPath, "install", "--ignore-scripts", "--prefer-offline"];
    await this.#expect(command, this.folder, { PATH: noPrograms });
    // What every project on Bun has.
    for (const types of ["bun-types", "@types"]) {
      symlinkSync(join(root, "node_modules", types), join(this.folder, "node_modules", types));
    }
  }

  write(name: string, text: string): void {
    mkdirSync(join(this.folder, name, ".."), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }

  typeCheck(): Promise<Output> {
    return this.#run([join(root, "node_modules", ".bin", "tsc"), "-p", "."], this.folder, {});
  }

  run(script: string, environment: Record<string, string>): Promise<Output> {
    const { MILLRACE_BUILD: _, ...inherited } = process.env;
    return this.#run([process.execPath, script], this.folder, { ...environment, PATH: noPrograms }, inherited);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #expect(command: string[], cwd: string, environment: Record<string, string>): Promise<void> {
    const { exit, text } = await this.#run(command, cwd, environment);
    if (exit !== 0) throw new Error(`${command.join(" ")} ended with ${exit}:\n${text}`);
  }

  async #run(
    command: string[],
    cwd: string,
    environment: Record<string, string>,
    inherited: NodeJS.ProcessEnv = process.env,
  ): Promise<Output> {
    const child = Bun.spawn(command, { cwd, env: { ...inherited, ...environment }, stdout: "pipe", stderr: "pipe" });
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    return { exit: await child.exited, text: out + err };
  }
}
