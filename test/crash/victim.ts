// Does everything that has a labelled step, in the job that the test holds open, then in one of its own. The
// environment tells the native side at which step to die.
import { FastIOContext } from "../../src/fastio/index.ts";
import { sizes } from "./scene.ts";

const dir = process.argv[2]!;
const job = FastIOContext.open("shared", { dir, recycleBytesMax: 65_536 });
const unpublished = job.create(3_000);

const first = job.create(sizes.first);
first.map().fill(7);
first.publish("first", { attributes: { fill: 7 } });
job.get("first").free();
first.release();

const second = job.create(sizes.second);
second.map().fill(8);
second.publish("second", { attributes: { fill: 8 } });

const newer = job.create(sizes.replaced);
newer.map().fill(2);
newer.publish("replaced", { attributes: { fill: 2 }, replace: true });

const plainer = job.create(sizes.plainer);
plainer.map().fill(sizes.plainer >> 8);
plainer.publish("plain", { replace: true });

job.get("kept").release();
job.get("freed").free();

const big = job.create(sizes.big);
big.map().fill(9);
big.publish("big", { attributes: { fill: 9 } });
big.publish("big again", { attributes: { fill: 9 } });
big.free();

unpublished.map().fill(1);
job.close();

const own = FastIOContext.open("own", { dir });
own.create(4_000).publish("mine");
own.close();
