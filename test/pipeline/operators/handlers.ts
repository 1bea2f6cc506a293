// Runs the handlers that its arguments describe, such as `prepare=true execute=throw`, and tells which were called.
import { Driver, type DriverOptions } from "../../../src/pipeline/index.ts";

const verdicts: Record<string, () => boolean | Promise<boolean>> = {
  true: () => true,
  false: () => false,
  later: () => Bun.sleep(1).then(() => true),
  nothing: () => undefined as never,
  throw: () => {
    throw new RangeError("out of paper");
  },
  reject: () => Promise.reject(new RangeError("out of paper")),
};
const handlers: DriverOptions<undefined> = Object.fromEntries(
  process.argv.slice(2).map((word) => {
    const [name, verdict] = word.split("=") as [string, string];
    const handler = () => {
      console.log(name);
      return verdicts[verdict]!();
    };
    return [name, handler];
  }),
);
await new Driver({
  ...handlers,
  notification: (_driver, { state, error }) => console.log(error === undefined ? state : `${state} ${error.cause}`),
})
  .start()
  .waitForCompletion();
