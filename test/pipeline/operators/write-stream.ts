// Copies the first file of its input, in capitals, to its output `text`.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  async execute(_driver, { inputEntries, outputEntries }) {
    const [input] = inputEntries;
    const [name] = readdirSync(input!.path);
    const text = await Bun.file(join(input!.path, name!)).text();
    await Bun.write(join(outputEntries.get("text").path, "copy.txt"), text.toUpperCase());
    return true;
  },
})
  .start()
  .waitForCompletion();
