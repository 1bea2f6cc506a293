//! Options of an engine, as Poplar names them, and ours.
const std = @import("std");
const poplar = @import("../../driver/poplar/table.zig");
const report = @import("../../abi/report.zig");

pub const Options = struct {
    /// `streamCallbacks.maxLookahead`: host syncs that may be prepared in advance.
    look_ahead: u64 = unlimited,
    /// `exchange.enablePrefetch`
    prefetch: bool = true,
    /// `target.hostSyncTimeout`, given in seconds.
    host_sync_timeout_ns: u64 = 300 * std.time.ns_per_s,
    /// `millrace.engine`: the path of ONNX Runtime's library; empty: not given.
    engine_path: [:0]const u8 = "",
    /// `millrace.engineThreads`: 0 as `engine/onnx` decides.
    engine_threads: u32 = 0,

    pub const unlimited = std.math.maxInt(u64);

    /// Copies what it keeps. `POPLAR_ENGINE_OPTIONS`, a JSON object of texts, comes after `given`, as with Poplar.
    pub fn read(arena: std.mem.Allocator, given: []const poplar.Option) !Options {
        var self: Options = .{};
        for (given) |option| try self.set(arena, std.mem.span(option.name), std.mem.span(option.value));
        const environment = std.c.getenv("POPLAR_ENGINE_OPTIONS") orelse return self;
        try self.setJson(arena, std.mem.span(environment));
        return self;
    }

    fn setJson(self: *Options, arena: std.mem.Allocator, json: []const u8) !void {
        const parsed = std.json.parseFromSliceLeaky(std.json.ArrayHashMap([]const u8), arena, json, .{}) catch
            return report.fail(error.invalid_option, "POPLAR_ENGINE_OPTIONS is no JSON object of texts.", .{});
        var entries = parsed.map.iterator();
        while (entries.next()) |entry| try self.set(arena, entry.key_ptr.*, entry.value_ptr.*);
    }

    fn set(self: *Options, arena: std.mem.Allocator, name: []const u8, value: []const u8) !void {
        const known = std.meta.stringToEnum(Name, name) orelse
            return report.fail(error.invalid_option, "there is no engine option {s} (value {s}).", .{ name, value });
        switch (known) {
            .@"streamCallbacks.maxLookahead" => self.look_ahead = if (std.mem.eql(u8, value, "unlimited")) unlimited else try number(u64, name, value),
            .@"exchange.enablePrefetch" => self.prefetch = try boolean(name, value),
            .@"target.hostSyncTimeout" => self.host_sync_timeout_ns = try seconds(name, value),
            .@"millrace.engine" => self.engine_path = try arena.dupeSentinel(u8, value, 0),
            .@"millrace.engineThreads" => self.engine_threads = try number(u32, name, value),
            // These choose how Poplar does it; here there is one way, so that they are checked and change nothing.
            .@"streamCallbacks.multiThreadMode" => try oneOf(name, value, &.{ "singleThread", "collaborative", "dedicated" }),
            .@"streamCallbacks.numWorkerThreads" => if (!std.mem.eql(u8, value, "auto")) {
                _ = try number(u32, name, value);
            },
            .@"streamCallbacks.numaAware" => _ = try boolean(name, value),
            .@"target.syncMethod" => try oneOf(name, value, &.{ "polling", "hybrid", "default" }),
            .@"target.syncPollPeriodUs", .@"target.exceptionPollPeriodUs" => _ = try number(u64, name, value),
            .@"exchange.streamBufferOverlap" => try oneOf(name, value, &.{ "any", "none", "hostRearrangeOnly" }),
        }
    }
};

const Name = enum {
    @"streamCallbacks.maxLookahead",
    @"streamCallbacks.multiThreadMode",
    @"streamCallbacks.numWorkerThreads",
    @"streamCallbacks.numaAware",
    @"target.hostSyncTimeout",
    @"target.syncMethod",
    @"target.syncPollPeriodUs",
    @"target.exceptionPollPeriodUs",
    @"exchange.enablePrefetch",
    @"exchange.streamBufferOverlap",
    @"millrace.engine",
    @"millrace.engineThreads",
};

fn number(comptime T: type, name: []const u8, value: []const u8) !T {
    return std.fmt.parseInt(T, value, 10) catch
        report.fail(error.invalid_option, "option {s} is {s}, which is no whole number in its range.", .{ name, value });
}

fn boolean(name: []const u8, value: []const u8) !bool {
    if (std.mem.eql(u8, value, "true")) return true;
    if (std.mem.eql(u8, value, "false")) return false;
    return report.fail(error.invalid_option, "option {s} is {s}, neither true nor false.", .{ name, value });
}

fn seconds(name: []const u8, value: []const u8) !u64 {
    const given = std.fmt.parseFloat(f64, value) catch std.math.nan(f64);
    // Beyond 100 years the clock's nanoseconds would end.
    if (!(given > 0 and given < 3e9)) return report.fail(error.invalid_option, "option {s} is {s}, which is no number of seconds above 0.", .{ name, value });
    return @intFromFloat(given * std.time.ns_per_s);
}

fn oneOf(name: []const u8, value: []const u8, accepted: []const []const u8) !void {
    for (accepted) |known| if (std.mem.eql(u8, value, known)) return;
    var list: [128]u8 = undefined;
    var writer: std.Io.Writer = .fixed(&list);
    for (accepted, 0..) |known, index| writer.print("{s}{s}", .{ if (index == 0) "" else ", ", known }) catch {};
    return report.fail(error.invalid_option, "option {s} is {s}, not one of {s}.", .{ name, value, writer.buffered() });
}

test "POPLAR_ENGINE_OPTIONS is a JSON object of texts" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    var options: Options = .{};
    try options.setJson(arena.allocator(), "{\"streamCallbacks.maxLookahead\": \"2\", \"exchange.enablePrefetch\": \"false\"}");
    try std.testing.expectEqual(2, options.look_ahead);
    try std.testing.expectEqual(false, options.prefetch);
    for ([_][]const u8{ "", "[]", "{\"target.syncMethod\": 1}", "{\"no.such\": \"1\"}" }) |json| {
        try std.testing.expectError(error.invalid_option, options.setJson(arena.allocator(), json));
    }
}

test "options are read by Poplar's names; others, and wrong values, are errors that name them" {
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    const read = try Options.read(arena.allocator(), &.{
        .{ .name = "streamCallbacks.maxLookahead", .value = "3" },
        .{ .name = "exchange.enablePrefetch", .value = "false" },
        .{ .name = "target.hostSyncTimeout", .value = "0.25" },
        .{ .name = "target.syncMethod", .value = "hybrid" },
        .{ .name = "streamCallbacks.numWorkerThreads", .value = "auto" },
        .{ .name = "millrace.engine", .value = "/engine.so" },
    });
    try std.testing.expectEqual(3, read.look_ahead);
    try std.testing.expectEqual(false, read.prefetch);
    try std.testing.expectEqual(250 * std.time.ns_per_ms, read.host_sync_timeout_ns);
    try std.testing.expectEqualStrings("/engine.so", read.engine_path);
    const unlimited = try Options.read(arena.allocator(), &.{.{ .name = "streamCallbacks.maxLookahead", .value = "unlimited" }});
    try std.testing.expectEqual(Options.unlimited, unlimited.look_ahead);

    for ([_]poplar.Option{
        .{ .name = "no.such.option", .value = "1" },
        .{ .name = "streamCallbacks.maxLookahead", .value = "-1" },
        .{ .name = "exchange.enablePrefetch", .value = "yes" },
        .{ .name = "target.hostSyncTimeout", .value = "0" },
        .{ .name = "target.hostSyncTimeout", .value = "nan" },
        .{ .name = "target.syncMethod", .value = "sleeping" },
        .{ .name = "millrace.engineThreads", .value = "99999999999" },
    }) |option| {
        try std.testing.expectError(error.invalid_option, Options.read(arena.allocator(), &.{option}));
        try std.testing.expect(std.mem.find(u8, report.text(), std.mem.span(option.name)) != null);
    }
}
