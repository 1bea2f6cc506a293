import { check, readText } from "./check.ts";
import { native } from "./library.ts";
import { log } from "./log.ts";

const attemptsMax = 3;

/**
 * The socket through which native threads wake this one: a byte arrives only after `arm`. It keeps the process alive
 * while something is pending and not otherwise. Until it is connected the owner polls; when it cannot be, slowly.
 */
export class WakeSocket {
  connected = false;
  failed = false;
  #held = false;
  #closed = false;
  #socket: Bun.Socket<undefined> | undefined;
  readonly #onWake: () => void;

  constructor(onWake: () => void) {
    this.#onWake = onWake;
    void this.#open();
  }

  /** Whether the process must stay alive for it. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#socket?.ref();
    else this.#socket?.unref();
  }

  close(): void {
    this.#closed = true;
    this.#lost();
    this.#socket?.end();
  }

  async #open(): Promise<void> {
    let problem: unknown = "its place in the queue was taken by another process";
    for (let attempt = 0; attempt < attemptsMax && !this.#closed; attempt++) {
      try {
        if (await this.#connect()) return;
      } catch (error) {
        problem = error;
      }
    }
    this.failed = true;
    if (!this.#closed) log("warn", `the wake socket could not be connected (${problem}): polling instead.`);
  }

  async #connect(): Promise<boolean> {
    const name = readText(0, check(native.mr_boundary_wakeListen(), "millrace.wake"));
    const socket = await Bun.connect<undefined>({
      unix: `\0${name}`,
      socket: { data: () => this.#onWake(), close: () => this.#lost(), error: () => {} },
    });
    // Reloaded meanwhile: the name now belongs to the socket of the new modules.
    if (this.#closed) socket.end();
    // On Linux a connect to a Unix socket has its peer in the queue when it returns.
    else if (check(native.mr_boundary_wakeAccept(), "millrace.wake") === 1) {
      this.#socket = socket;
      this.connected = true;
      if (this.#held) socket.ref();
      else socket.unref();
      return true;
    } else socket.end();
    return false;
  }

  #lost(): void {
    this.connected = false;
    this.failed = true;
  }
}
