import { expect, test } from "bun:test";
import { readTrace } from "./trace.ts";

const socket = String.raw`4<\x73\x6f\x63\x6b\x65\x74\x3a\x5b\x37\x5d>`;
const nothing = { programs: [], writes: [], hidden: [] };
const written = (call: string, text: string) => ({
  ...nothing,
  writes: [{ call, target: "socket:[7]", bytes: Buffer.from(text) }],
});

const lines: readonly (readonly [what: string, line: string, expected: ReturnType<typeof readTrace>])[] = [
  ["a write", String.raw`12 write(${socket}, "\x61\x62", 2) = 2`, written("write", "ab")],
  [
    "a write that was interrupted",
    String.raw`12 write(${socket}, "\x61\x62", 2 <unfinished ...>`,
    written("write", "ab"),
  ],
  ["its second half", "12 <... write resumed>) = 2", nothing],
  [
    "a write of several pieces",
    String.raw`12 writev(${socket}, [{iov_base="\x61", iov_len=1}, {iov_base="\x62\x63", iov_len=2}], 2) = 3`,
    written("writev", "abc"),
  ],
  [
    "a message",
    String.raw`1 sendmsg(${socket}, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="\x00\xff", iov_len=2}], msg_iovlen=1}, 0) = 2`,
    { ...nothing, writes: [{ call: "sendmsg", target: "socket:[7]", bytes: Buffer.of(0, 255) }] },
  ],
  [
    "a program",
    String.raw`1 execve("\x2f\x62", ["\x62\x75\x6e", "\x61"], 0x7ffc /* 38 vars */) = 0`,
    { ...nothing, programs: ["bun a"] },
  ],
  [
    "a call that hides its bytes",
    "1 splice(4<>, NULL, 5<>, NULL, 65536, 0) = 65536",
    { ...nothing, hidden: ["splice"] },
  ],
  ["the end of a process", "1 +++ exited with 0 +++", nothing],
];

test.each(lines)("of a trace, %s is understood", (_what, line, expected) => {
  expect(readTrace(`${line}\n`)).toEqual(expected);
});
