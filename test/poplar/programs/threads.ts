// Callbacks of JavaScript's while the driver has a thread of its own for callbacks. Run with MILLRACE_SIMULATOR naming the shim.
import { type AnchorOptions, ModelBuilder, Reader, Writer } from "../../../src/popef/index.ts";
import { Session } from "../../../src/session/index.ts";
import { anyDevice } from "../../device/under-test.ts";
import { copyModel } from "../../session/copy-model.ts";

using plain = copyModel();
using writer = new Writer();
writer.createExecutable("copy").write(plain.executable.data.bytes());
writer.write({
  executable: "copy",
  anchors: plain.metadata.anchors as readonly AnchorOptions[],
  programFlow: plain.metadata.programFlow,
  engineOptions: [{ name: "streamCallbacks.multiThreadMode", value: "dedicated" }],
});
writer.close();
using reader = new Reader().parseBytes(writer.bytes());
using model = new ModelBuilder(reader).createModel();
using device = anyDevice();
await using session = new Session(model);
session.bindToDevice(device);
const seen: number[] = [];
let next = 0;
session.setCallbackForAnchor("h2d_image", (view) => void view.as("float32").fill(++next));
session.setCallbackForAnchor("d2h_echo", (view) => void seen.push(view.as("float32")[0]!));
session.setCallbackForAnchor("h2d_w", () => {});
session.runMainPrograms({ repeat: 3 });
await session.runMainProgramsAsync({ repeat: 3 });

// A stop comes from this thread while the other one is in a callback.
const stopping = session.runMainProgramsAsync({ repeat: "untilStopped" });
await Bun.sleep(20);
session.stop();
await stopping;
session.reload();
seen.length = Math.min(seen.length, 6);
session.runMainPrograms();
console.log(JSON.stringify({ seen: seen.slice(0, 6), more: seen.length }));
