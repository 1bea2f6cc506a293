export {
  ArgumentError,
  CapacityError,
  DeadlineError,
  DeviceError,
  type ErrorCode,
  ExistsError,
  FormatError,
  MillraceError,
  NotFoundError,
  StateError,
} from "./native/error.ts";
export { type LogLine, onLog } from "./native/log.ts";
