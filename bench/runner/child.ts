/** One measurement in a process of its own: `bun child.ts TASK JSON`, prints JSON. */
import { tasks } from "./tasks.ts";

const [, , task = "", json = "{}"] = process.argv;
const measured = await tasks[task as keyof typeof tasks](JSON.parse(json) as never);
console.log(JSON.stringify(measured));
process.exit(0);
