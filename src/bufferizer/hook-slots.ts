import { off, switchable } from "../native/switches.ts";
import { HookResults } from "./hook-results.ts";
import { checkHook, type Hook, type HookName, type Hooks, hookNames } from "./options.ts";

const silent = hookNames.find((name) => off(`no_${name}`));

/**
 * The five hooks, one function each, called with the bufferizer as their only argument. Set one to replace it, to undefined
 * to have none.
 */
export abstract class HookSlots<B> {
  readonly #hooks: Hooks<B> = {};
  /** @internal */
  protected readonly results = new HookResults();

  /** @throws ArgumentError `invalid_argument` */
  constructor(hooks: Hooks<B>, op: string) {
    if (off("hook_options")) return;
    for (const name of hookNames) this.#hooks[name] = checkHook(hooks[name], name, op);
  }

  /** Called when the buffer was flushed. */
  get flushHook(): Hook<B> | undefined {
    return this.#hooks.flushHook;
  }

  set flushHook(hook: Hook<B> | undefined) {
    this.#set("flushHook", hook);
  }

  /** Called by `allocate`, when the new memory is there; not by the constructor. */
  get allocateHook(): Hook<B> | undefined {
    return this.#hooks.allocateHook;
  }

  set allocateHook(hook: Hook<B> | undefined) {
    this.#set("allocateHook", hook);
  }

  /** Called when one element was appended. */
  get appendOneHook(): Hook<B> | undefined {
    return this.#hooks.appendOneHook;
  }

  set appendOneHook(hook: Hook<B> | undefined) {
    this.#set("appendOneHook", hook);
  }

  /** Called when a batch or a list was appended: once, or once for each buffer that a long one went through. */
  get appendMultipleHook(): Hook<B> | undefined {
    return this.#hooks.appendMultipleHook;
  }

  set appendMultipleHook(hook: Hook<B> | undefined) {
    this.#set("appendMultipleHook", hook);
  }

  /**
   * Called after the append hook when an append has left the buffer full; also, when it is not full, by `maxDelayMs` and
   * `drain`. While a promise that it returned is pending the buffer is not written to, unless the hook flushed or took it.
   */
  get bufferFullHook(): Hook<B> | undefined {
    return this.#hooks.bufferFullHook;
  }

  set bufferFullHook(hook: Hook<B> | undefined) {
    this.#set("bufferFullHook", hook);
  }

  /** @internal True when the hook has returned a promise, after which `settled` is called. */
  protected call(name: HookName, settled?: (() => void) | undefined): boolean {
    const hook = this.#hooks[name];
    if (hook === undefined || name === silent) return false;
    const bufferizer = (off("hook_argument") ? undefined : this) as B;
    return this.results.follow(hook(bufferizer), settled);
  }

  #set(name: HookName, hook: Hook<B> | undefined): void {
    this.#hooks[name] = checkHook(hook, name, `Bufferizer.${name}`);
  }
}

switchable("Bufferizer", HookSlots);
