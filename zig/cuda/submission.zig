//! Commands of a stream, as calls of the driver. Copies that continue each other become one.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const commands = @import("command.zig");
const Command = commands.Command;
const Device = @import("device.zig").Device;
const Failure = @import("failure.zig").Failure;
const Memory = @import("memory.zig").Memory;
const Place = @import("place.zig").Place;
const Stream = @import("stream.zig").Stream;

/// Submits `command` and those right behind it that join it; returns the first that does not.
pub fn submit(self: *Device, stream: *Stream, command: *Command) ?*Command {
    if (command.work == .copy) return copies(self, stream, command);
    const after = command.next;
    settle(stream, command, self, one(self, stream, &command.work));
    return after;
}

fn copies(self: *Device, stream: *Stream, first: *Command) ?*Command {
    var last = first;
    var size = first.work.copy.size;
    var count: u64 = 1;
    while (last.next) |next| : (last = next) {
        if (next.stream != stream or next.work != .copy) break;
        const joined = next.work.copy;
        const copy = first.work.copy;
        if (!copy.to.continues(size, joined.to) or !copy.from.continues(size, joined.from)) break;
        // Told of a failure between the two, somebody may have asked anew.
        if (stream.trouble.of(next.ticket) != null) break;
        size += joined.size;
        count += 1;
    }
    const after = last.next;
    const result: ?anyerror = copy: {
        if (size == 0) break :copy null;
        for ([_]Place{ first.work.copy.to, first.work.copy.from }) |place| {
            if (place == .device) order(self, stream, place.device.memory) catch |err| break :copy err;
        }
        const call, const code = transfer(self, stream, &first.work.copy, size);
        break :copy if (code == .success) null else self.failed(call, code);
    };
    self.counters.add(.copies_asked, count);
    self.counters.add(.copies_submitted, @intFromBool(size > 0));
    var next: ?*Command = first;
    while (next != after) {
        const command = next.?;
        next = command.next;
        stream.flight.add(command);
    }
    if (result) |err| broken(self, stream, first.ticket, err);
    return after;
}

/// Memory of the pool is there when the stream that it was taken on has come to it: another one waits until then.
fn order(self: *Device, stream: *Stream, memory: *const Memory) !void {
    const earlier = memory.awaits(stream) orelse return;
    const event = self.spareEvent() orelse return self.demand("cuStreamSynchronize", self.table.cuStreamSynchronize(earlier.raw));
    // The wait is for what is recorded now, whatever the event is used for afterwards.
    defer self.keepEvent(event);
    try self.demand("cuEventRecord", self.table.cuEventRecord(event, earlier.raw));
    try self.demand("cuStreamWaitEvent", self.table.cuStreamWaitEvent(stream.raw, event, 0));
}

fn transfer(self: *Device, stream: *Stream, copy: *const commands.Copy, size: u64) struct { []const u8, api.Result } {
    const table = self.table;
    const to = copy.to.address();
    const from = copy.from.address();
    if (copy.to == .host) {
        self.counters.add(.bytes_to_host, size);
        return .{ "cuMemcpyDtoHAsync", table.cuMemcpyDtoHAsync(@ptrFromInt(to), from, size, stream.raw) };
    }
    if (copy.from == .host) {
        self.counters.add(.bytes_to_device, size);
        return .{ "cuMemcpyHtoDAsync", table.cuMemcpyHtoDAsync(to, @ptrFromInt(from), size, stream.raw) };
    }
    self.counters.add(.bytes_on_device, size);
    return .{ "cuMemcpyDtoDAsync", table.cuMemcpyDtoDAsync(to, from, size, stream.raw) };
}

fn one(self: *Device, stream: *Stream, work: *commands.Work) ?anyerror {
    const table = self.table;
    switch (work.*) {
        .fill => |fill| {
            if (fill.count == 0) return null;
            order(self, stream, fill.memory) catch |err| return err;
            self.counters.add(.fills, 1);
            const to = fill.memory.address + fill.offset;
            const result = switch (fill.width) {
                1 => table.cuMemsetD8Async(to, @truncate(fill.pattern), fill.count, stream.raw),
                2 => table.cuMemsetD16Async(to, @truncate(fill.pattern), fill.count, stream.raw),
                else => table.cuMemsetD32Async(to, fill.pattern, fill.count, stream.raw),
            };
            return failure(self, "cuMemsetAsync", result);
        },
        .launch => |launch| {
            const function = self.modules.function(self, launch.image, launch.function) catch |err| return err;
            for (launch.kept_memory()) |memory| order(self, stream, memory) catch |err| return err;
            self.counters.add(.launches, 1);
            var params = [1]?*const anyopaque{&launch.params};
            const result = table.cuLaunchKernel(
                function,
                launch.grid.x,
                launch.grid.y,
                launch.grid.z,
                launch.block.x,
                launch.block.y,
                launch.block.z,
                0,
                stream.raw,
                @ptrCast(&params),
                null,
            );
            return if (result == .success) null else self.failed(launch.image.functions[launch.function], result);
        },
        .record => |record| {
            self.counters.add(.events_recorded, 1);
            return failure(self, "cuEventRecord", table.cuEventRecord(record.event.raw, stream.raw));
        },
        .wait => |event| {
            self.counters.add(.events_awaited, 1);
            return failure(self, "cuStreamWaitEvent", table.cuStreamWaitEvent(stream.raw, event.raw, 0));
        },
        .notify => return null,
        .copy, .ask, .ending => unreachable,
    }
}

fn failure(self: *Device, call: []const u8, result: api.Result) ?anyerror {
    return if (result == .success) null else self.failed(call, result);
}

fn settle(stream: *Stream, command: *Command, self: *Device, failed: ?anyerror) void {
    const ticket = command.ticket;
    stream.flight.add(command);
    if (failed) |err| broken(self, stream, ticket, err);
}

fn broken(self: *Device, stream: *Stream, ticket: u64, err: anyerror) void {
    const kept: Failure = .taken(err);
    stream.trouble.begin(&kept, ticket);
    if (err == error.device_lost) self.lose(&kept);
}
