import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { PipelineDefinition } from "./definition.ts";

/** The directories behind a job's streams: one for each stream output. */
export class StreamDirectories {
  readonly #root: string;
  readonly #temporary: boolean;

  private constructor(root: string, temporary: boolean) {
    this.#root = root;
    this.#temporary = temporary;
  }

  /** `keepIn`: where the streams stay after the job; without it they are temporary and end with `remove`. */
  static async create(definition: PipelineDefinition, keepIn: string | undefined): Promise<StreamDirectories> {
    const streams = definition.operators.flatMap(({ name, outputs }) =>
      outputs.filter(({ type }) => type.kind === "stream").map((output) => join(name, output.name)),
    );
    const temporary = keepIn === undefined && streams.length > 0;
    const root = temporary ? await mkdtemp(join(tmpdir(), "millrace-")) : resolve(keepIn ?? ".");
    await Promise.all(streams.map((stream) => mkdir(join(root, stream), { recursive: true })));
    return new StreamDirectories(root, temporary);
  }

  path(operator: string, output: string): string {
    return join(this.#root, operator, output);
  }

  async remove(): Promise<void> {
    if (this.#temporary) await rm(this.#root, { recursive: true, force: true });
  }
}
