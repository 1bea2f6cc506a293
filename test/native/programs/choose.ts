// Makes every choice that is logged, twice, and prints what a listener heard that came late.
import { type LogLine, onLog } from "../../../src/index.ts";
import { log } from "../../../src/native/log.ts";
import { ModelRunner } from "../../../src/runner/index.ts";

const heard: LogLine[] = [];
const stop = onLog((line) => heard.push(line));
for (let i = 0; i < 2; i++) {
  await using runner = await ModelRunner.load(process.env["MODEL"]!);
  runner.getExecuteInputs();
}
stop();
if (process.env["MILLRACE_LOG"] === undefined) log("warn", "nobody hears this");
console.log(JSON.stringify(heard));
