//! Page-locked mappings: memory of this process, or this process's shared mapping of a segment, registered with the driver so
//! that copies go without a detour. One registration for each range, however many have asked; it ends before its mapping does.
const std = @import("std");
const handle = @import("../abi/handle.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const api = @import("../driver/cuda/api.zig");
const shm = @import("../shm/context.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const commands = @import("command.zig");
const Device = @import("device.zig").Device;

const allocator = std.heap.smp_allocator;

/// A segment of a job, in one of its generations.
pub const Segment = struct { context: *shm.Context, slot: u32, generation: u32 };

/// What is to be page-locked. `keeper` holds the segment's reference, and is told when the mapping is not used any more.
pub const Source = struct {
    mapping: *Mapping,
    segment: ?Segment = null,
    keeper: ?Mapping.Owner = null,

    pub fn release(self: Source) void {
        self.mapping.release();
        if (self.keeper) |keeper| keeper.release(keeper.context);
    }

    /// Whole pages, those before the data included.
    fn pages(self: Source) ![]u8 {
        const whole = self.mapping.whole orelse self.mapping;
        if (whole.private) return report.fail(error.cannot_pin, "a private view is page-locked by copying all of it.", .{});
        if (whole.mapped.len == 0) return report.fail(error.cannot_pin, "memory of {d} bytes shares its pages with other memory, or is page-locked already.", .{self.mapping.length});
        return whole.mapped;
    }
};

pub const Registration = struct {
    pub const kind: handle.Kind = .cuda_registration;

    device: *Device,
    source: Source,
    bytes: []u8,
    read_only: bool,
    /// Somebody else in the process had registered it before: theirs to unregister.
    foreign: bool,
    references: std.atomic.Value(u32) = .init(1),
    next: ?*Registration = null,
    ending: commands.Command = undefined,

    /// On the device's thread: takes `source` over, unless it fails.
    pub fn open(device: *Device, source: Source, read_only: bool) !*Registration {
        const bytes = try source.pages();
        making.lock();
        defer making.unlock();
        const registered = if (source.segment) |of| ofSegment(of) else holding(bytes.ptr, bytes.len);
        if (registered) |known| {
            if (known.read_only and !read_only) {
                known.release();
                return report.fail(error.cannot_pin, "the memory is page-locked for reading: close that registration first.", .{});
            }
            source.release();
            return known;
        }
        const self = try allocator.create(Registration);
        errdefer allocator.destroy(self);
        const flags = api.types.HostRegisterFlags;
        const can_read_only = device.facts.value(.read_only_host_register_supported) != 0;
        const result = device.table.cuMemHostRegister(bytes.ptr, bytes.len, flags.portable | if (read_only and can_read_only) flags.read_only else 0);
        if (result != .host_memory_already_registered) try device.demand("cuMemHostRegister", result);
        self.* = .{
            .device = device.retain(),
            .source = source,
            .bytes = bytes,
            .read_only = read_only,
            .foreign = result == .host_memory_already_registered,
        };
        device.counters.add(.bytes_registered, bytes.len);
        table_lock.lock();
        defer table_lock.unlock();
        self.next = table;
        table = self;
        _ = live.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn retain(self: *Registration) *Registration {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    fn tryRetain(self: *Registration) bool {
        var references = self.references.load(.monotonic);
        while (references > 0) references = self.references.cmpxchgWeak(references, references + 1, .monotonic, .monotonic) orelse return true;
        return false;
    }

    pub fn release(self: *Registration) void {
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        unlist(self);
        self.ending = .{ .work = .{ .ending = .{ .context = self, .run = end } } };
        self.device.submitter.pushEmbedded(&self.ending);
    }

    pub fn drop(object: *anyopaque) void {
        @as(*Registration, @ptrCast(@alignCast(object))).release();
    }

    fn end(context: *anyopaque, device: *Device) void {
        const self: *Registration = @ptrCast(@alignCast(context));
        const ended: api.Result = if (self.foreign or device.isLost()) .success else device.table.cuMemHostUnregister(self.bytes.ptr);
        device.finding("cuMemHostUnregister", ended);
        device.counters.take(.bytes_registered, self.bytes.len);
        // What the driver goes on taking for page-locked must not become other memory at the same address: it stays mapped.
        if (ended == .success or ended == .host_memory_not_registered or device.isLost()) self.source.release();
        allocator.destroy(self);
        device.release();
    }

    /// The registered mapping's view of a range of the segment.
    pub fn view(self: *const Registration, offset: u64, size: u64) ![]u8 {
        const mapping = self.source.mapping;
        if (offset > mapping.length or size > mapping.length - offset)
            return report.fail(error.out_of_bounds, "{d} bytes at {d} reach beyond the memory of {d}.", .{ size, offset, mapping.length });
        return mapping.slice()[offset..][0..size];
    }
};

var making: futex.Mutex = .{};
var table_lock: futex.Mutex = .{};
var table: ?*Registration = null;
var live: std.atomic.Value(u32) = .init(0);

fn unlist(registration: *Registration) void {
    table_lock.lock();
    defer table_lock.unlock();
    var place: *?*Registration = &table;
    while (place.*) |known| : (place = &known.next) {
        if (known != registration) continue;
        place.* = registration.next;
        _ = live.fetchSub(1, .monotonic);
        return;
    }
}

/// The registration that holds these bytes, retained.
pub fn holding(pointer: [*]const u8, size: u64) ?*Registration {
    const Bytes = struct {
        from: usize,
        size: u64,

        fn match(self: @This(), registration: *const Registration) bool {
            const begin = @intFromPtr(registration.bytes.ptr);
            const length = registration.bytes.len;
            return self.from >= begin and self.from - begin <= length and self.size <= length - (self.from - begin);
        }
    };
    return matching(Bytes{ .from = @intFromPtr(pointer), .size = size });
}

/// The registration of a segment, retained.
pub fn ofSegment(of: Segment) ?*Registration {
    const Same = struct {
        wanted: Segment,

        fn match(self: @This(), registration: *const Registration) bool {
            return if (registration.source.segment) |its| std.meta.eql(its, self.wanted) else false;
        }
    };
    return matching(Same{ .wanted = of });
}

fn matching(sought: anytype) ?*Registration {
    // Copies of memory that nobody has registered, as most is not, take no lock for it.
    if (live.load(.monotonic) == 0) return null;
    table_lock.lock();
    defer table_lock.unlock();
    var known = table;
    while (known) |registration| : (known = registration.next) {
        if (sought.match(registration) and registration.tryRetain()) return registration;
    }
    return null;
}
