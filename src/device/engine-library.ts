export { findEngineLibrary } from "../native/engine-library.ts";
