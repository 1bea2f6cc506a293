import { busy, callers } from "./callers.ts";
import { gaps } from "./gaps.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { inputs } from "./inputs.ts";
import { latency } from "./latency.ts";

/** What a child process can measure. */
export const tasks = { callers, busy, gaps, growth, idle, inputs, latency };
