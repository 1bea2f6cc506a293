//! Writes the generated files: `generate bindings > src/native/bindings.generated.ts`, `generate errors > docs/errors.md`.
const std = @import("std");
const abi = @import("abi");
const errors = abi.errors;

pub fn main(init: std.process.Init) !void {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    var buffer: [4096]u8 = undefined;
    var file = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const out = &file.interface;
    if (args.len == 2 and std.mem.eql(u8, args[1], "bindings")) {
        try bindings(out);
    } else if (args.len == 2 and std.mem.eql(u8, args[1], "errors")) {
        try reference(out);
    } else return error.Usage;
    try out.flush();
}

fn bindings(out: *std.Io.Writer) !void {
    try out.writeAll("// Generated from zig/abi.zig by `bun run build`. Do not edit.\n\n");
    try out.print("export const digest = {d};\n\n", .{abi.manifest.digest});
    try out.writeAll(abi.manifest.body);
    try out.writeAll("\nexport type ErrorClass =");
    for (std.enums.values(errors.Class)) |class| try out.print("\n  | \"{s}\"", .{@tagName(class)});
    try out.writeAll(";\n\ninterface ErrorEntry {\n  readonly number: number;\n  readonly class: ErrorClass;\n  readonly retryable: boolean;\n  readonly meaning: string;\n  readonly cure: string;\n}\n\n");
    try out.writeAll("const table = {\n");
    for (errors.table) |entry| {
        try out.print("  {s}: {{\n    number: {d},\n    class: \"{s}\",\n    retryable: {},\n    meaning: {f},\n    cure: {f},\n  }},\n", .{
            entry.code,                       entry.number,                  @tagName(entry.class), entry.retryable,
            std.json.fmt(entry.meaning, .{}), std.json.fmt(entry.cure, .{}),
        });
    }
    try out.writeAll("} as const satisfies Record<string, ErrorEntry>;\n\n");
    try out.writeAll("export type ErrorCode = keyof typeof table;\n\nexport const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = table;\n");
}

fn reference(out: *std.Io.Writer) !void {
    try out.writeAll("# Errors\n\nGenerated from `zig/abi/errors.zig` by `bun run build`. Every error that Millrace raises is a `MillraceError` with one of these codes; its class says what the caller can do about it.\n\n");
    try out.writeAll("| code | class | meaning | cure | retryable |\n|---|---|---|---|---|\n");
    for (errors.table) |entry| {
        try out.print("| `{s}` | {s} | {s} | {s} | {s} |\n", .{ entry.code, className(entry.class), entry.meaning, entry.cure, if (entry.retryable) "yes" else "no" });
    }
}

fn className(class: errors.Class) []const u8 {
    return switch (class) {
        .argument => "ArgumentError",
        .state => "StateError",
        .not_found => "NotFoundError",
        .exists => "ExistsError",
        .capacity => "CapacityError",
        .deadline => "DeadlineError",
        .device => "DeviceError",
        .format => "FormatError",
    };
}
