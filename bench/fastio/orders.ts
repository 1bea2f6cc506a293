import type { Mode, ViewKind } from "./channel.ts";

/** What the measuring side of the FastIO suite asks of its partner; see `partner.ts`. */
export interface AnswerOrder {
  readonly job: string;
  readonly bytes: number;
  readonly answerBytes: number;
  readonly mode: Mode;
  readonly view: ViewKind;
  readonly rounds: number;
  /** Sum every element of every message. */
  readonly read: boolean;
  /** Most bytes that the partner keeps for recycling. */
  readonly recycleBytesMax: number;
}

export interface WaitOrder {
  readonly job: string;
  readonly rounds: number;
  /** Milliseconds for which neither side does anything before a message. */
  readonly idleMs: number;
}

export interface CallsOrder {
  readonly job: string;
  readonly name: string;
  readonly n: number;
  /** Objects kept alive on the heap meanwhile. */
  readonly liveObjects: number;
}

export interface ColdOrder {
  readonly job: string;
  readonly names: readonly string[];
}
