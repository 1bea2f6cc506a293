//! Where a shared ring lives: an allocation of a FastIO context, referenced while the ring is open. The context says which
//! processes are alive.
const std = @import("std");
const report = @import("../abi/report.zig");
const shm = @import("../shm/context.zig");
const segment = @import("../shm/segment.zig");
const processes = @import("../shm/process.zig");
const Mapping = @import("../shm/mapping.zig").Mapping;
const layout = @import("layout.zig");
const ring_module = @import("ring.zig");
const Ring = ring_module.Ring;
const Header = ring_module.Header;

pub const Home = struct {
    context: *shm.Context,
    reference: segment.Reference,

    fn enter(context: *shm.Context, reference: segment.Reference) Home {
        shm.retain(context);
        segment.hold(context, reference.slot);
        return .{ .context = context, .reference = reference };
    }

    pub fn leave(self: *Home) void {
        // Fails only when the tables' lock cannot be had; our row then gives the reference back when we leave.
        segment.drop(self.context, self.reference) catch {};
        shm.close(self.context);
    }

    /// This process, as owner words know it.
    pub fn process(self: *const Home) u64 {
        return self.context.process_file;
    }

    pub fn isAlive(self: *const Home, number: u64) bool {
        return number == self.context.process_file or processes.fileAlive(self.context, number);
    }
};

/// Makes a ring of the allocation's memory, which nobody else uses yet.
pub fn format(context: *shm.Context, reference: segment.Reference, shape: Ring.Shape) !*Ring {
    const size = layout.byteSize(shape.num_buffers, shape.buffer_size).?;
    if (size > reference.size) return report.fail(error.wrong_size, "the ring needs {d} bytes, the allocation has {d}.", .{ size, reference.size });
    const whole = try segment.view(context, reference, false, 0, size);
    errdefer whole.release();
    @as(*Header, @ptrCast(@alignCast(whole.address))).* = .init(shape.num_buffers, shape.buffer_size, shape.label);
    return adopt(context, reference, whole, shape);
}

/// The ring that another process made there. Everything in it is checked: it may hold anything, and change while we look.
pub fn open(context: *shm.Context, reference: segment.Reference) !*Ring {
    if (reference.size < layout.slots_offset) return report.fail(error.corrupt, "{d} bytes are no ring.", .{reference.size});
    const whole = try segment.view(context, reference, false, 0, @min(reference.size, std.math.maxInt(u32)));
    errdefer whole.release();
    const shared: *const volatile Header = @ptrCast(@alignCast(whole.address));
    const magic, const version = .{ shared.magic, shared.version };
    if (!std.mem.eql(u8, &magic, &layout.magic)) return report.fail(error.corrupt, "the memory does not begin as a ring does.", .{});
    if (version != layout.version) return report.fail(error.wrong_version, "the ring has version {d}, not {d}.", .{ version, layout.version });
    const num_buffers, const buffer_size, const label_length = .{ shared.num_buffers, shared.buffer_size, shared.label_length };
    const size = layout.byteSize(num_buffers, buffer_size) orelse std.math.maxInt(u64);
    if (size > whole.length or label_length > layout.label_max)
        return report.fail(error.corrupt, "{d} slots of {d} bytes do not fit into {d}.", .{ num_buffers, buffer_size, whole.length });
    const label = shared.label;
    return adopt(context, reference, whole, .{ .num_buffers = num_buffers, .buffer_size = buffer_size, .label = label[0..label_length] });
}

fn adopt(context: *shm.Context, reference: segment.Reference, whole: *Mapping, shape: Ring.Shape) !*Ring {
    var home: Home = .enter(context, reference);
    errdefer home.leave();
    return Ring.over(whole, shape, home);
}
