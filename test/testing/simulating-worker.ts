import { simulate } from "../../src/testing/index.ts";

simulate({ ipus: 4, cuda: 2 });
postMessage("simulating");
// Until it is terminated.
setInterval(() => {}, 60_000);
