import { check, readText } from "./check.ts";
import { native } from "./library.ts";

/**
 * The socket through which native threads wake this one: a byte arrives only after `arm`. It keeps the process alive
 * while something is pending and not otherwise. Until it is connected the owner polls.
 */
export class WakeSocket {
  connected = false;
  #held = false;
  #socket: Bun.Socket<undefined> | undefined;

  constructor(onWake: () => void) {
    void this.#open(onWake);
  }

  /** Whether the process must stay alive for it. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#socket?.ref();
    else this.#socket?.unref();
  }

  close(): void {
    this.connected = false;
    this.#socket?.end();
  }

  async #open(onWake: () => void): Promise<void> {
    const name = readText(0, check(native.mr_boundary_wakeListen(), "millrace.wake"));
    const socket = await Bun.connect<undefined>({
      unix: `\0${name}`,
      socket: {
        data: onWake,
        close: () => {
          this.connected = false;
        },
        error: () => {},
      },
    });
    this.#socket = socket;
    if (this.#held) socket.ref();
    else socket.unref();
    // On Linux a connect to a Unix socket has its peer in the queue when it returns.
    this.connected = check(native.mr_boundary_wakeAccept(), "millrace.wake") === 1;
  }
}
