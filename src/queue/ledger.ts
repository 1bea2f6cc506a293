import { makeError } from "../native/error.ts";
import { off } from "../native/switches.ts";

/** What all queues must have as their k-th entry: so many samples of batches of `batch`; or the end of a batch. */
type Item = { readonly samples: number; readonly batch: number; readonly by: string } | "flush";

/** The entries between two resets. */
class Round {
  readonly items: Item[] = [];
  /** Items before the first of `items` that no queue will ask for any more. */
  dropped = 0;
  #following: Round | undefined;

  get following(): Round {
    this.#following ??= new Round();
    return this.#following;
  }

  get end(): number {
    return this.dropped + this.items.length;
  }
}

/**
 * Keeps the queues of a session in step. Rows meet by their place alone, so the k-th entry of every queue must be the
 * same part of a batch: the first queue that has one decides. A flush is an entry too: a queue that lags behind is
 * flushed when it gets there, never in the middle of a request.
 */
export class Ledger {
  readonly #seats: Seat[] = [];

  /** `batch`: samples in one batch of this queue. `flush` is told to flush its queue. */
  seat(name: string, batch: number, flush: () => void): Seat {
    const seat = new Seat(this, name, batch, flush, this.#seats[0]?.round ?? new Round());
    this.#seats.push(seat);
    return seat;
  }

  /** Flushes every queue, each behind the entries that others already have. */
  flushAll(): void {
    const round = this.#seats[0]?.round;
    if (round === undefined) return;
    const all = this.#seats.filter((seat) => seat.round === round);
    const last = round.items.at(-1);
    // Somebody still has to come to the flush before: another one would run batches of nothing.
    if (last === "flush" && all.some((seat) => seat.next < round.end)) return;
    round.items.push("flush");
    for (const seat of all) seat.catchUp();
    this.trim();
  }

  /** Forgets what every queue has. */
  trim(): void {
    const { round } = this.#seats[0]!;
    let reached = round.end;
    for (const seat of this.#seats) {
      if (seat.round !== round) return;
      if (seat.next < reached) reached = seat.next;
    }
    if (reached === round.dropped) return;
    round.items.splice(0, reached - round.dropped);
    round.dropped = reached;
  }
}

/** One queue's place in the ledger. */
export class Seat {
  round: Round;
  next = 0;
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #batch: number;
  readonly #flush: () => void;

  constructor(ledger: Ledger, name: string, batch: number, flush: () => void, round: Round) {
    this.#ledger = ledger;
    this.#name = name;
    this.#batch = batch;
    this.#flush = flush;
    this.round = round;
  }

  /** @throws ArgumentError `wrong_split`: another queue has an entry of another size in this place. */
  check(samples: number, op: string): void {
    this.catchUp();
    const item = this.#item();
    if (item === undefined || item === "flush" || samples * item.batch === item.samples * this.#batch) return;
    if (off("ledger")) return;
    const expected = (item.samples * this.#batch) / item.batch;
    throw makeError("wrong_split", {
      op,
      message: `"${this.#name}" gets ${samples} samples where "${item.by}" has ${item.samples} (which is ${expected} here).`,
    });
  }

  /** The entry that `check` let pass is in. */
  record(samples: number): void {
    if (this.#item() === undefined) this.round.items.push({ samples, batch: this.#batch, by: this.#name });
    this.next++;
    this.catchUp();
    this.#ledger.trim();
  }

  /** Flushes this queue. @throws ArgumentError `wrong_split`: others have entries that this queue lacks. */
  flush(op: string): void {
    const item = this.#item();
    if (item !== undefined && item !== "flush") {
      throw makeError("wrong_split", {
        op,
        message: `"${this.#name}" is flushed before the ${item.samples} samples that "${item.by}" has.`,
        hint: "Enqueue them here as well, or use flushAll.",
      });
    }
    if (item === undefined) this.round.items.push("flush");
    this.next++;
    this.#flush();
    this.#ledger.trim();
  }

  /** Does the flushes that others did in this queue's place. */
  catchUp(): void {
    while (this.#item() === "flush") {
      this.next++;
      this.#flush();
    }
  }

  reset(): void {
    this.round = this.round.following;
    this.next = 0;
  }

  #item(): Item | undefined {
    return this.round.items[this.next - this.round.dropped];
  }
}
