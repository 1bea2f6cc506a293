//! What a stream does, one after the other.
const std = @import("std");
const Block = @import("block.zig").Block;
const Device = @import("device.zig").Device;
const Event = @import("event.zig").Event;
const exports = @import("exports.zig");
const Fault = @import("fault.zig").Fault;
const fault = @import("fault.zig");
const Launch = @import("launch.zig").Launch;
const Pool = @import("pool.zig").Pool;
const Record = @import("record.zig").Record;
const Stream = @import("stream.zig").Stream;

const allocator = std.heap.smp_allocator;
const wait_slice_ns = 100 * std.time.ns_per_ms;

pub const Work = union(enum) {
    /// Between addresses: of device memory, or of page-locked host memory.
    copy: struct { to: usize, to_block: ?*Block, from: usize, from_block: ?*Block, size: usize },
    /// What was copied out of pageable memory, which goes with the operation.
    staged: struct { to: usize, to_block: *Block, bytes: []u8 },
    set: struct { to: usize, to_block: *Block, count: usize, value: Value },
    launch: *Launch,
    record: struct { record: *Record, event: ?*Event, ticket: u64 },
    wait: *Record,
    /// For an interprocess event.
    wait_shared: struct { event: *Event, ticket: u64 },
    /// Another stream has come so far.
    follow: struct { stream: *Stream, ticket: u64 },
    begin_life: *Block,
    end_life: *Block,

    pub const Value = union(enum) { one: u8, two: u16, four: u32 };
};

pub const Operation = struct {
    next: ?*Operation = null,
    fault: ?Fault,
    work: Work,

    /// Owns what the work refers to, from its success on.
    pub fn create(work: Work) !*Operation {
        const self = try allocator.create(Operation);
        self.* = .{ .work = work, .fault = fault.deferred };
        fault.deferred = null;
        return self;
    }

    pub fn run(self: *Operation, device: *Device) void {
        if (self.fault) |planned| {
            if (planned.delay_us != 0) fault.sleep(planned.delay_us);
            if (planned.result != .success) {
                planned.befall(device);
                return self.skip();
            }
        }
        if (device.isBroken()) return self.skip();
        switch (self.work) {
            .copy => |copy| {
                if (!mayRead(device, copy.from_block) or !mayWrite(device, copy.to_block)) return;
                const from: [*]const u8 = @ptrFromInt(copy.from);
                const to: [*]u8 = @ptrFromInt(copy.to);
                @memmove(to[0..copy.size], from[0..copy.size]);
            },
            .staged => |staged| {
                if (!mayWrite(device, staged.to_block)) return;
                const to: [*]u8 = @ptrFromInt(staged.to);
                @memcpy(to[0..staged.bytes.len], staged.bytes);
            },
            .set => |set| {
                if (!mayWrite(device, set.to_block)) return;
                switch (set.value) {
                    .one => |value| @memset(@as([*]u8, @ptrFromInt(set.to))[0..set.count], value),
                    .two => |value| @memset(@as([*]u16, @ptrFromInt(set.to))[0..set.count], value),
                    .four => |value| @memset(@as([*]u32, @ptrFromInt(set.to))[0..set.count], value),
                }
            },
            .launch => |launch| launch.run(device),
            .wait => |record| record.wait(),
            .wait_shared => |wait| wait.event.waitShared(wait.ticket, wait_slice_ns),
            .follow => |follow| follow.stream.waitFor(follow.ticket),
            .record, .begin_life, .end_life => self.skip(),
        }
    }

    /// On a device in error nothing is done, but nobody waits for ever, and what was freed is free.
    fn skip(self: *Operation) void {
        switch (self.work) {
            .record => |it| {
                it.record.reach();
                if (it.event) |event| event.reachShared(it.ticket);
            },
            .begin_life => |block| _ = block.state.cmpxchgStrong(.pending, .live, .release, .monotonic),
            .end_life => |block| Pool.endLife(block),
            else => {},
        }
    }

    pub fn destroy(self: *Operation) void {
        switch (self.work) {
            .copy => |copy| {
                if (copy.to_block) |block| block.release();
                if (copy.from_block) |block| block.release();
            },
            .staged => |staged| {
                staged.to_block.release();
                allocator.free(staged.bytes);
            },
            .set => |set| set.to_block.release(),
            .launch => |launch| launch.destroy(),
            .record => |it| {
                it.record.release();
                if (it.event) |event| event.release();
            },
            .wait => |record| record.release(),
            .wait_shared => |wait| wait.event.release(),
            .follow => |follow| follow.stream.release(),
            .begin_life, .end_life => |block| block.release(),
        }
        allocator.destroy(self);
    }
};

/// Memory that is not alive is no memory: the device ends as a card does. Null: pageable memory, whose owner waits.
fn mayRead(device: *Device, block: ?*Block) bool {
    const one = block orelse return true;
    if (one.isLive()) return true;
    device.breakWith(.illegal_address);
    return false;
}

fn mayWrite(device: *Device, block: ?*Block) bool {
    const one = block orelse return true;
    if (!mayRead(device, one)) return false;
    if (!one.read_only) return true;
    device.breakWith(.illegal_address);
    return false;
}
