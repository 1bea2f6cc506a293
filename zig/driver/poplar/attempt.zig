//! One attempt to get a device: opens those that fit, in order, until one lets itself be attached.
const std = @import("std");
const device_module = @import("../device.zig");
const drivers = @import("table.zig");
const outcome = @import("outcome.zig");
const report = @import("../../abi/report.zig");
const Device = device_module.Device;

const options_max = 64;
const options_bytes_max = 4096;
const text_max = 400;

/// Options as `name\0value\0…`, in memory of their own.
pub const Options = struct {
    bytes: [options_bytes_max]u8 = undefined,
    list: [options_max]drivers.Option = undefined,
    count: usize = 0,

    pub fn read(self: *Options, text: []const u8) !void {
        if (text.len > options_bytes_max) return report.fail(error.invalid_option, "device options of {d} bytes: at most {d} are possible.", .{ text.len, options_bytes_max });
        @memcpy(self.bytes[0..text.len], text);
        var at: usize = 0;
        while (at < text.len) : (self.count += 1) {
            if (self.count == options_max) return report.fail(error.invalid_option, "more than {d} device options.", .{options_max});
            const name = try self.word(text.len, &at);
            self.list[self.count] = .{ .name = name, .value = try self.word(text.len, &at) };
        }
    }

    fn word(self: *Options, length: usize, at: *usize) ![*:0]const u8 {
        const end = std.mem.findScalarPos(u8, self.bytes[0..length], at.*, 0) orelse
            return report.fail(error.invalid_option, "device options are pairs of texts, each with a NUL behind it.", .{});
        defer at.* = end + 1;
        return self.bytes[at.*..end :0];
    }
};

pub const Wanted = union(enum) { id: u32, ipus: u32 };

pub const Attempt = struct {
    table: *const drivers.Table,
    wanted: Wanted,
    remote_buffers: bool,
    options: Options = .{},
    /// What came of it: a device, or why each of those that fit is not to be had.
    device: ?*Device = null,
    text: [text_max]u8 = undefined,
    text_length: usize = 0,

    /// @return device_unavailable, when no device fits, whoever holds them.
    pub fn run(self: *Attempt) !void {
        switch (self.wanted) {
            .id => |id| {
                var info: drivers.DeviceInfo = undefined;
                if (self.table.device_describe(id, &info) != .ok) return report.fail(error.device_not_found, "there is no device {d}: {s}.", .{ id, self.listed() });
                try self.attempt(id, &info);
            },
            .ipus => |ipus| try self.search(ipus),
        }
    }

    fn search(self: *Attempt, ipus: u32) !void {
        var count: u32 = 0;
        try outcome.require(self.table, self.table.device_count(&count));
        var fitting: u32 = 0;
        var without_remote: u32 = 0;
        for (0..count) |id| {
            var info: drivers.DeviceInfo = undefined;
            try outcome.require(self.table, self.table.device_describe(@intCast(id), &info));
            if (info.target != .ipu or info.num_ipus != ipus) continue;
            if (self.remote_buffers and info.remote_buffers == 0) {
                without_remote += 1;
                continue;
            }
            fitting += 1;
            try self.attempt(@intCast(id), &info);
            if (self.device != null) return;
        }
        if (fitting > 0) return;
        if (without_remote > 0) return report.fail(error.device_unavailable, "no device of {d} IPUs supports remote buffers.", .{ipus});
        return report.fail(error.device_unavailable, "there is no device of {d} IPUs: {s}.", .{ ipus, self.listed() });
    }

    fn attempt(self: *Attempt, id: u32, info: *const drivers.DeviceInfo) !void {
        var raw: ?*drivers.Device = null;
        try outcome.require(self.table, self.table.device_open(id, &self.options.list, self.options.count, &raw));
        errdefer self.table.device_close(raw.?);
        var attached: u32 = 0;
        try outcome.require(self.table, self.table.device_attach(raw.?, &attached));
        if (attached != 0) {
            self.device = try Device.create(self.table, raw.?);
            return;
        }
        var refusal: drivers.Error = undefined;
        self.table.last_error(&refusal);
        refusal.message[refusal.message.len - 1] = 0;
        self.say("{s}device {d} ({d} IPU{s}): {s}", .{
            if (self.text_length == 0) "" else "; ", id, info.num_ipus, plural(info.num_ipus),
            std.mem.sliceTo(&refusal.message, 0),
        });
        self.table.device_close(raw.?);
    }

    fn say(self: *Attempt, comptime format: []const u8, args: anytype) void {
        var writer: std.Io.Writer = .fixed(self.text[self.text_length..]);
        // What does not fit is left out: it is for a message.
        writer.print(format, args) catch {};
        self.text_length += writer.end;
    }

    /// Which devices there are, for messages.
    fn listed(self: *Attempt) []const u8 {
        self.text_length = 0;
        var count: u32 = 0;
        _ = self.table.device_count(&count);
        if (count == 0) return "the system has none";
        self.say("the system has", .{});
        for (0..count) |id| {
            var info: drivers.DeviceInfo = undefined;
            if (self.table.device_describe(@intCast(id), &info) != .ok) continue;
            self.say("{s}device {d} ({d} IPU{s})", .{ if (id == 0) " " else ", ", id, info.num_ipus, plural(info.num_ipus) });
        }
        defer self.text_length = 0;
        return self.text[0..self.text_length];
    }
};

fn plural(count: u32) []const u8 {
    return if (count == 1) "" else "s";
}

test "options are pairs, each with its end" {
    var options: Options = .{};
    try options.read("a\x00b\x00c\x00\x00");
    try std.testing.expectEqual(2, options.count);
    try std.testing.expectEqualStrings("c", std.mem.span(options.list[1].name));
    try std.testing.expectEqualStrings("", std.mem.span(options.list[1].value));
    for ([_][]const u8{ "a", "a\x00", "a\x00b", "a\x00b\x00c\x00" }) |text| {
        var broken: Options = .{};
        try std.testing.expectError(error.invalid_option, broken.read(text));
    }
}
