import { mkdtempSync, rmdirSync } from "node:fs";

function sh(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
}

/** A tmpfs of so many bytes, for one test. Mounting takes rights that not every machine gives. */
export class SmallFileSystem implements Disposable {
  readonly dir = mkdtempSync("/tmp/millrace-small-");

  constructor(bytes: number) {
    if (!sh("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=700`, "millrace-test", this.dir)) {
      rmdirSync(this.dir);
      throw new Error("mounting is not permitted");
    }
  }

  [Symbol.dispose](): void {
    if (!sh("umount", this.dir)) sh("umount", "-l", this.dir);
    rmdirSync(this.dir);
  }

  static permitted(): boolean {
    try {
      new SmallFileSystem(4_096)[Symbol.dispose]();
      return true;
    } catch {
      return false;
    }
  }
}
