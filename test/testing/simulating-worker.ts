import { simulate } from "../../src/testing/index.ts";

simulate({ ipus: 4 });
postMessage("simulating");
