//! Memory that a stream may touch, of a device or of the host. References keep it mapped; whether it may still be used is
//! its state.
const std = @import("std");
const linux = std.os.linux;
const Arena = @import("arena.zig").Arena;
const Device = @import("device.zig").Device;
const Import = @import("import.zig").Import;
const Pool = @import("pool.zig").Pool;
const quarantine = @import("quarantine.zig");

const allocator = std.heap.smp_allocator;

pub const Kind = enum { plain, pooled, imported, host, registered };

pub const State = enum(u8) {
    /// Of a pool: the stream that allocates it has not come so far.
    pending,
    live,
    /// Freed: whoever touches it breaks the device.
    dead,
};

/// Where device memory lies.
pub const Window = struct { arena: *Arena, offset: u64, bytes: []align(4096) u8 };

pub const Block = struct {
    references: std.atomic.Value(u32) = .init(1),
    kind: Kind,
    device: *Device,
    /// As asked for.
    address: usize,
    size: usize,
    /// Unlike any other's of the process.
    id: u64,
    state: std.atomic.Value(State) = .init(.live),
    /// Freed as far as callers are concerned; the stream may not have come so far.
    given_back: std.atomic.Value(bool) = .init(false),
    /// Registered so that the device may not write.
    read_only: bool = false,
    flags: c_uint = 0,
    window: ?Window = null,
    /// Where the device's file lists it, once it was exported.
    exported: ?u32 = null,
    pool: ?*Pool = null,
    import: ?*Import = null,
    /// Pages that go with the block: of kind `host`.
    pages: ?[]align(4096) u8 = null,

    pub fn retain(self: *Block) void {
        _ = self.references.fetchAdd(1, .monotonic);
    }

    pub fn release(self: *Block) void {
        // Release and acquire pair among themselves: the last one sees what the others did.
        if (self.references.fetchSub(1, .acq_rel) != 1) return;
        if (self.window) |window| if (self.pool) |pool| pool.recycle(window) else quarantine.add(window.bytes);
        if (self.pages) |pages| unmap(pages);
        if (self.import) |import| import.release();
        allocator.destroy(self);
    }

    pub fn end(self: *const Block) usize {
        return self.address + self.size;
    }

    pub fn isHost(self: *const Block) bool {
        return self.kind == .host or self.kind == .registered;
    }

    pub fn isLive(self: *const Block) bool {
        return self.state.load(.acquire) == .live;
    }

    pub fn holds(self: *const Block, address: usize, size: usize) bool {
        return address >= self.address and address <= self.end() and size <= self.end() - address;
    }
};

fn unmap(bytes: []align(4096) u8) void {
    _ = linux.munmap(bytes.ptr, bytes.len);
}
