// A foreign process connects to this thread's wake socket before the thread does. Prints what became of both, and
// whether a wait sleeps and is woken.
import { readFileSync } from "node:fs";
import { FastIOContext } from "../../../src/fastio/index.ts";
import { check, readText } from "../../../src/native/check.ts";
import { native } from "../../../src/native/library.ts";

const name = readText(0, check(native.mr_boundary_wakeListen(), "besieged"));
const listed = readFileSync("/proc/net/unix", "utf8")
  .split("\n")
  .find((line) => line.includes(name));
const rival = Bun.spawn([process.execPath, `${import.meta.dir}/rival.ts`, name], { stdout: "pipe" });
const told = rival.stdout.pipeThrough(new TextDecoderStream()).getReader();
const connected = (await told.read()).value;
const foreign = native.mr_boundary_wakeAccept();
const turnedAway = (await told.read()).value;
await rival.exited;

const own = await Bun.connect({ unix: `\0${name}`, socket: { data() {} } });
const accepted = native.mr_boundary_wakeAccept();
own.end();

const job = FastIOContext.open("besieged");
const waiting = job.waitFor("late");
await Bun.sleep(50);
const before = process.cpuUsage();
await Bun.sleep(300);
const { user, system } = process.cpuUsage(before);
const spun = user + system > 200_000;
job.publishArray(Float32Array.of(7), "late");
const found = (await waiting).getArray()[0];
job.close();
console.log(
  JSON.stringify({ abstract: listed?.includes(`@${name}`), connected, foreign, turnedAway, accepted, spun, found }),
);
