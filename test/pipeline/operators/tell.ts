// Writes what a driver and its payload say about themselves, as one JSON line.
import { Driver } from "../../../src/pipeline/index.ts";

await new Driver({
  applicationData: { answer: 42 },
  execute({ jobId, jobName, stageName, applicationData }, payload) {
    const entries = [...payload.fastioInputs, ...payload.fastioOutputs].map(
      ({ name, access, elementType, shape, isDynamic, isPreallocated, isAllocated, dynamicShapeIndices }) => ({
        ...{ name, access, elementType, shape, isDynamic, isPreallocated, isAllocated, dynamicShapeIndices },
      }),
    );
    const streams = [...payload.inputEntries, ...payload.outputEntries].map(({ name, path }) => ({ name, path }));
    console.log(JSON.stringify({ jobId, jobName, stageName, applicationData, entries, streams }));
    return true;
  },
})
  .start()
  .waitForCompletion();
