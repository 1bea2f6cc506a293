//! The TypeScript side of the ABI, as text made at compile time from the exports themselves.
const std = @import("std");
const errors = @import("errors.zig");

pub fn of(comptime abi: type) Manifest {
    @setEvalBranchQuota(10_000_000);
    const body = symbols(abi) ++ layout(abi.block);
    // The error table is left out: a reworded cure must not make a library stale. Numbers and codes count.
    comptime var numbers: []const u8 = "";
    inline for (errors.table) |entry| numbers = numbers ++ std.fmt.comptimePrint("{d}{s};", .{ entry.number, entry.code });
    return .{ .body = body, .digest = @truncate(std.hash.Fnv1a_64.hash(body ++ numbers)) };
}

pub const Manifest = struct { body: []const u8, digest: u32 };

fn symbols(comptime abi: type) []const u8 {
    comptime var out: []const u8 =
        "export const symbols = {\n" ++
        "  mr_abi_digest: { args: [], returns: \"u32\" },\n" ++
        "  mr_thread_attach: { args: [], returns: \"ptr\" },\n";
    inline for (@typeInfo(@TypeOf(abi.modules)).@"struct".fields) |field| {
        const module = @field(abi.modules, field.name);
        inline for (@typeInfo(module).@"struct".decls) |decl| {
            if (comptime abi.isCall(module, decl.name)) {
                comptime var args: []const u8 = "";
                inline for (@typeInfo(@TypeOf(@field(module, decl.name))).@"fn".params[1..]) |param| {
                    args = args ++ (if (args.len == 0) "" else ", ") ++ "\"" ++ @typeName(param.type.?) ++ "\"";
                }
                out = out ++ "  mr_" ++ field.name ++ "_" ++ decl.name ++ ": { args: [" ++ args ++ "], returns: \"i32\" },\n";
            }
        }
    }
    return out ++ "} as const;\n\n";
}

fn layout(comptime block: type) []const u8 {
    comptime var out: []const u8 = std.fmt.comptimePrint("/** Byte offsets in the thread's block. */\nexport const block = {{\n  size: {d},\n", .{@sizeOf(block.Block)});
    inline for (@typeInfo(block.Block).@"struct".fields) |field| {
        out = out ++ std.fmt.comptimePrint("  {s}: {d},\n", .{ field.name, @offsetOf(block.Block, field.name) });
    }
    out = out ++ "} as const;\n\nexport const limits = {\n";
    inline for (@typeInfo(block).@"struct".decls) |decl| {
        if (comptime std.mem.endsWith(u8, decl.name, "_max")) out = out ++ std.fmt.comptimePrint("  {s}: {d},\n", .{ decl.name, @field(block, decl.name) });
    }
    return out ++ "} as const;\n";
}
