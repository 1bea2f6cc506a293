import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./demo.ts";

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The code blocks of a page below the project's root. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), "utf8");
  return Array.from(text.matchAll(/^```(\w+)\n(.*?)^```$/gms), ([, language, body]) => ({
    language: language!,
    text: body!,
  }));
}

/** What a page shows of commands: each with the output that it promises. */
export function commandsOf(page: string): { readonly command: string[]; readonly output: string }[] {
  return blocksOf(page)
    .map(({ text }) => text.match(/^\$ ([^\n]*)\n(.*)$/s))
    .filter((match) => match !== null)
    .map(([, command, output]) => ({ command: command!.split(" "), output: output! }));
}

/** A project of a user's, outside the checkout, with the files of a page: blocks that begin with a comment of their name. */
export class DocumentedProject implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), "millrace-docs-"));
  readonly files: readonly string[];

  constructor(page: string) {
    mkdirSync(join(this.dir, "node_modules"));
    symlinkSync(root, join(this.dir, "node_modules/millrace"));
    for (const types of ["bun-types", "@types"]) {
      symlinkSync(join(root, "node_modules", types), join(this.dir, "node_modules", types));
    }
    writeFileSync(
      join(this.dir, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["*.ts"] }),
    );
    mkdirSync(join(this.dir, "examples/digits"), { recursive: true });
    for (const model of ["digits.onnx", "examples/digits/digits.onnx"]) {
      copyFileSync(join(root, "examples/digits/digits.onnx"), join(this.dir, model));
    }
    this.files = blocksOf(page).flatMap(({ text }) => {
      const [, name] = text.match(/^(?:\/\/|#) ([\w.-]+\.\w+)\n/) ?? [];
      if (name === undefined) return [];
      writeFileSync(join(this.dir, name), text);
      return [name];
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true });
  }
}
