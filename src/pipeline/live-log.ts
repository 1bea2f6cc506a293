import type { LogTargets, OperatorStatus, PipelineLog } from "./log-target.ts";
import { linePrefix } from "./plain-log.ts";

const redrawMs = 200;
/** Cursor to the start of the line `n` above; erase from there to the end of the screen (ECMA-48 CPL and ED). */
const eraseAbove = (n: number): string => (n === 0 ? "" : `\x1b[${n}F\x1b[J`);

/** One line per operator at the bottom of a terminal, redrawn in place; what operators write scrolls above them. */
export class LiveLog implements PipelineLog {
  readonly #targets: LogTargets;
  readonly #prefix: (operator: string) => string;
  readonly #statuses: Map<string, OperatorStatus>;
  readonly #timer: ReturnType<typeof setInterval>;
  #drawn = 0;

  constructor(operators: readonly string[], targets: LogTargets) {
    this.#targets = targets;
    this.#prefix = linePrefix(operators);
    this.#statuses = new Map(operators.map((name) => [name, { text: "waiting" }]));
    this.#timer = setInterval(() => this.#redraw(), redrawMs);
    // The display alone keeps no process alive.
    this.#timer.unref();
    this.#redraw();
  }

  line(operator: string, stream: keyof LogTargets, text: string): void {
    this.#erase();
    this.#targets[stream].write(`${this.#prefix(operator)}${text}\n`);
    this.#redraw();
  }

  status(operator: string, status: OperatorStatus): void {
    this.#statuses.set(operator, status);
    this.#redraw();
  }

  /** Leaves the last state of every operator on the screen. */
  close(): void {
    clearInterval(this.#timer);
  }

  #erase(): void {
    this.#targets.stderr.write(eraseAbove(this.#drawn));
    this.#drawn = 0;
  }

  #redraw(): void {
    const columns = this.#targets.stderr.columns || 80;
    const lines = [...this.#statuses].map(([name, { text, runningSince }]) => {
      const time = runningSince === undefined ? "" : ` ${((performance.now() - runningSince) / 1000).toFixed(1)} s`;
      // A line that wraps would take two rows, and erasing would leave one behind.
      return `${this.#prefix(name)}[${text.replace(/\s+/g, " ")}${time}]`.slice(0, columns - 1);
    });
    this.#targets.stderr.write(`${eraseAbove(this.#drawn)}${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }
}
