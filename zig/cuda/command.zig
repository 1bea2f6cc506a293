//! What is asked of a device, in the order of asking. Nodes are recycled: once as many have been made as were ever under way,
//! asking allocates nothing.
const std = @import("std");
const job = @import("../abi/job.zig");
const Device = @import("device.zig").Device;
const Event = @import("event.zig").Event;
const Image = @import("module.zig").Image;
const Memory = @import("memory.zig").Memory;
const Place = @import("place.zig").Place;
const Stream = @import("stream.zig").Stream;

pub const params_max = 1024;
pub const keep_max = 8;

pub const Copy = struct { to: Place, from: Place, size: u64 };

/// `count` elements of `width` (1, 2 or 4) bytes.
pub const Fill = struct { memory: *Memory, offset: u64, width: u8, pattern: u32, count: u64 };

pub const Extent = struct { x: u32 = 1, y: u32 = 1, z: u32 = 1 };

/// The kernel takes one struct by value: the bytes of `params`.
pub const Launch = struct {
    image: *const Image,
    function: u32,
    grid: Extent,
    block: Extent,
    length: u32,
    params: [params_max]u8 align(16),
    keep: [keep_max]*Memory,
    kept: u32,
    next: ?*Launch = null,

    pub fn kept_memory(self: *const Launch) []const *Memory {
        return self.keep[0..self.kept];
    }
};

/// Something that somebody waits for: runs on the device's thread, unless the device is lost. `end` is called once, with the
/// error whose text `report` of that thread says, or null.
pub const Ask = struct {
    context: *anyopaque,
    run: *const fn (context: *anyopaque, device: *Device) anyerror!void,
    waiter: *anyopaque,
    end: *const fn (waiter: *anyopaque, failure: ?anyerror) void,
};

/// The last of an object: nobody has a reference any more. Runs also when the device is lost.
pub const Ending = struct { context: *anyopaque, run: *const fn (context: *anyopaque, device: *Device) void };

pub const Work = union(enum) {
    copy: Copy,
    fill: Fill,
    launch: *Launch,
    /// `turn`: which recording of the event it is.
    record: struct { event: *Event, turn: u64 },
    wait: *Event,
    /// Ends the job when all before it on the stream has been done.
    notify: *job.Job,
    ask: Ask,
    ending: Ending,
};

pub const Command = struct {
    next: ?*Command = null,
    /// Of copies, fills, launches, records, waits and notices.
    stream: ?*Stream = null,
    ticket: u64 = 0,
    work: Work,
    /// The device was not asked to do it: an earlier command of the stream had failed, or this one.
    skipped: bool = false,
    /// Part of an object that goes with it: not for recycling.
    embedded: bool = false,
};
