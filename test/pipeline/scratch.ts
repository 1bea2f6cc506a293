import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type LogTarget, Pipeline, type PipelineOptions, parsePipeline } from "../../src/pipeline/index.ts";

/** Collects what a pipeline writes. */
export class Captured implements LogTarget {
  text = "";
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  constructor(columns?: number) {
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

/** A place in shared memory for one test, and a pipeline in it whose log is captured; both go with the block. */
export class Scratch implements Disposable {
  readonly dir = mkdtempSync("/dev/shm/millrace-test-");
  readonly stdout: Captured;
  readonly stderr: Captured;

  /** `columns`: the width of the terminal that the log believes to be on; without it there is none. */
  constructor(columns?: number) {
    this.stdout = new Captured(columns);
    this.stderr = new Captured(columns);
  }

  /** A pipeline of the operators in `text`, which stands in a file of the folder that holds the fixture operators. */
  pipeline(text: string, options: PipelineOptions = {}): Pipeline {
    const file = join(import.meta.dir, "operators", "pipeline.yaml");
    const definition = parsePipeline(`api-version: 0.5.0\nname: test\n${text}`, { file });
    return new Pipeline(definition, { dir: this.dir, stdout: this.stdout, stderr: this.stderr, ...options });
  }

  get left(): string[] {
    return readdirSync(this.dir, { recursive: true }) as string[];
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
