import { isLogged, log } from "../native/log.ts";
import { off } from "../native/switches.ts";

/** What hooks have returned: promises under way, and the failures that nobody has heard of yet. */
export class HookResults {
  #failures: unknown[] = [];
  #pending = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  get pending(): number {
    return off("drain_waits") ? 0 : this.#pending;
  }

  /** True for a promise; `settled` is then called when it has settled, either way. */
  follow(result: unknown, settled?: (() => void) | undefined): boolean {
    if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") return false;
    this.#pending++;
    const end = () => {
      this.#pending--;
      settled?.();
      if (this.#pending > 0) return;
      this.#idle?.resolve();
      this.#idle = undefined;
    };
    (result as PromiseLike<unknown>).then(end, (error) => {
      this.#failures.push(error);
      end();
    });
    return true;
  }

  /** For what fails where no caller is. */
  failed(error: unknown): void {
    this.#failures.push(error);
  }

  /** Throws what has failed since the last call: the error itself, or an `AggregateError` of several. */
  surface(): void {
    if (this.#failures.length === 0 || off("hook_failures")) return;
    const failures = this.#failures;
    this.#failures = [];
    if (failures.length === 1) throw failures[0];
    throw new AggregateError(failures, `${failures.length} hooks failed.`);
  }

  /** Resolves when no promise is pending. */
  idle(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  /** Nobody will ask any more. */
  close(): void {
    if (!isLogged()) return;
    for (const error of this.#failures) log("warn", `a hook of a closed Bufferizer failed: ${String(error)}`);
  }
}
