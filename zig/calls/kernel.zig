//! Kernels on arrays that JavaScript names. Nothing is trusted: every operand's elements are shown to lie in its memory before
//! a kernel sees an address.
const std = @import("std");
const Thread = @import("../abi/thread.zig").Thread;
const handle = @import("../abi/handle.zig");
const block_memory = @import("../abi/block.zig");
const report = @import("../abi/report.zig");
const futex = @import("../os/futex.zig");
const Memory = @import("../cuda/memory.zig").Memory;
const Stream = @import("../cuda/stream.zig").Stream;
const ElementType = @import("../kernels/element_type.zig").ElementType;
const kernels = @import("../kernels/kernels.zig");
const Launch = @import("../kernels/launch.zig").Launch;
const Operand = @import("../kernels/operand.zig").Operand;
const axes_max = @import("../kernels/params.zig").axes_max;
const preparation = @import("../kernels/prepare.zig");
const queue = @import("../kernels/queue.zig").queue;
const Mapping = @import("../shm/mapping.zig").Mapping;
const source = @import("source.zig");

const operands_max = preparation.operands_max;
/// A call longer than this would keep a Worker from being terminated.
const slice_ns = 100 * std.time.ns_per_ms;
/// Items between two looks at the clock.
const stride = 1 << 16;

/// Runs kernel number `kernel` of `kernels.table`. Values: for each operand slot and generation of its memory, the byte of
/// its first element, element type, number of axes, sizes, strides in elements; then the scalars. What they mean is said at
/// `preparation.prepare`; the first operand is written.
///
/// Stream 0: on the calling thread, over host memory (handles of kind memory or allocation), for a slice of time from item
/// `begin` on. 0: done. 1: not yet; call again, with `begin` from the results and the same values.
///
/// On a cuda_stream: queued, over handles of kind cuda_memory of its device, which the stream keeps until then. 0. Results: its
/// ticket.
pub fn run(t: *Thread, stream_slot: u32, stream_generation: u32, kernel: u32, operand_count: u32, scalar_count: u32, begin: f64) !i32 {
    if (stream_slot != 0 or stream_generation != 0) {
        const stream = try handle.pin(Stream, stream_slot, stream_generation);
        defer stream.release();
        return enqueue(t, stream.ptr, kernel, operand_count, scalar_count);
    }
    const from = try block_memory.toInteger(begin);
    var given: Given = .{};
    try given.read(&t.block, kernel, operand_count, scalar_count);
    var held: [operands_max]*Mapping = undefined;
    var count: usize = 0;
    defer for (held[0..count]) |mapping| mapping.release();
    for (given.places[0..operand_count], given.operands[0..operand_count]) |place, *operand| {
        const range = try operand.rangeFrom(place.offset);
        const found = try source.find(place.slot, place.generation, range.begin, range.size);
        held[count] = found.mapping;
        count += 1;
        operand.address = @intFromPtr(found.bytes.ptr) + (place.offset -| range.begin);
    }
    const launch = try given.prepare(operand_count, scalar_count);
    const next = work(&launch, from);
    if (next >= launch.items()) return 0;
    t.block.results[0] = @floatFromInt(next);
    return 1;
}

fn enqueue(t: *Thread, stream: *Stream, kernel: u32, operand_count: u32, scalar_count: u32) !i32 {
    var given: Given = .{};
    try given.read(&t.block, kernel, operand_count, scalar_count);
    var held: [operands_max]handle.Pinned(Memory) = undefined;
    var kept: [operands_max]*Memory = undefined;
    var count: usize = 0;
    defer for (held[0..count]) |pinned| pinned.release();
    for (given.places[0..operand_count], given.operands[0..operand_count]) |place, *operand| {
        const range = try operand.rangeFrom(place.offset);
        held[count] = try handle.pin(Memory, place.slot, place.generation);
        kept[count] = held[count].ptr;
        count += 1;
        // The first is written.
        if (count == 1) try kept[0].requireWritable();
        try kept[count - 1].require(range.begin, range.size);
        operand.address = kept[count - 1].address + place.offset;
    }
    const launch = try given.prepare(operand_count, scalar_count);
    t.block.results[0] = @floatFromInt(try queue(stream, &launch, kept[0..count]));
    return 0;
}

/// Returns the item to go on with.
fn work(launch: *const Launch, begin: u64) u64 {
    const items = launch.items();
    if (items - @min(begin, items) <= stride) {
        launch.run(begin, items);
        return items;
    }
    const until = futex.now() + slice_ns;
    var at = begin;
    while (at < items) {
        const end = @min(items, at + stride);
        launch.run(at, end);
        at = end;
        if (futex.now() >= until) break;
    }
    return at;
}

const Place = struct { slot: u32, generation: u32, offset: u64 };

/// What the block's values say.
const Given = struct {
    places: [operands_max]Place = undefined,
    operands: [operands_max]Operand = undefined,
    scalars: [32]f64 = undefined,
    number: kernels.Number = undefined,

    fn read(self: *Given, block: *const block_memory.Block, kernel: u32, operand_count: u32, scalar_count: u32) !void {
        self.number = try preparation.numberOf(kernel);
        if (operand_count > operands_max or scalar_count > self.scalars.len)
            return report.fail(error.invalid_argument, "{d} operands and {d} numbers are more than a kernel takes.", .{ operand_count, scalar_count });
        var values: Values = .{ .rest = &block.values };
        for (self.places[0..operand_count], self.operands[0..operand_count]) |*place, *operand| {
            place.* = .{ .slot = try values.narrow(), .generation = try values.narrow(), .offset = try values.whole() };
            operand.* = .{ .dtype = try ElementType.of(try values.whole()), .ndim = try values.narrow() };
            if (operand.ndim > axes_max) return report.fail(error.invalid_shape, "{d} axes exceed the {d} that kernels take.", .{ operand.ndim, axes_max });
            for (operand.shape[0..operand.ndim]) |*size| size.* = try values.whole();
            for (operand.strides[0..operand.ndim]) |*step| step.* = try values.signed();
        }
        for (self.scalars[0..scalar_count]) |*scalar| scalar.* = try values.next();
    }

    fn prepare(self: *const Given, operand_count: u32, scalar_count: u32) !Launch {
        return preparation.prepare(self.number, self.operands[0..operand_count], self.scalars[0..scalar_count]);
    }
};

const Values = struct {
    rest: []const f64,

    fn next(self: *Values) !f64 {
        if (self.rest.len == 0) return report.fail(error.invalid_argument, "operands and numbers are more than the block holds.", .{});
        defer self.rest = self.rest[1..];
        return self.rest[0];
    }

    fn whole(self: *Values) !u64 {
        return block_memory.toInteger(try self.next());
    }

    fn signed(self: *Values) !i64 {
        const value = try self.next();
        const size: i64 = @intCast(try block_memory.toInteger(@abs(value)));
        return if (value < 0) -size else size;
    }

    fn narrow(self: *Values) !u32 {
        const value = try self.whole();
        return std.math.cast(u32, value) orelse report.fail(error.invalid_argument, "{d} is not an integer below 2^32.", .{value});
    }
};
