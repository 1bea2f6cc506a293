//! One end of a copy: memory of the device, or of the host. A command keeps what it names until the device is done with it.
const Mapping = @import("../shm/mapping.zig").Mapping;
const Memory = @import("memory.zig").Memory;
const Registration = @import("registration.zig").Registration;

pub const Place = union(enum) {
    device: struct { memory: *Memory, offset: u64 },
    /// `bytes` lie in `mapping`; `registration` when they are page-locked by one of ours.
    host: struct { mapping: *Mapping, bytes: []u8, registration: ?*Registration = null },

    pub fn retain(self: Place) Place {
        switch (self) {
            .device => |place| _ = place.memory.retain(),
            .host => |place| {
                _ = place.mapping.retain();
                if (place.registration) |registration| _ = registration.retain();
            },
        }
        return self;
    }

    pub fn release(self: Place) void {
        switch (self) {
            .device => |place| place.memory.release(),
            .host => |place| {
                place.mapping.release();
                if (place.registration) |registration| registration.release();
            },
        }
    }

    /// Where it begins, as the driver wants it.
    pub fn address(self: Place) u64 {
        return switch (self) {
            .device => |place| place.memory.address + place.offset,
            .host => |place| @intFromPtr(place.bytes.ptr),
        };
    }

    /// Does `next` begin `size` bytes after this, in the same memory?
    pub fn continues(self: Place, size: u64, next: Place) bool {
        return switch (self) {
            .device => |place| next == .device and next.device.memory == place.memory and next.device.offset == place.offset + size,
            .host => |place| next == .host and next.host.mapping == place.mapping and @intFromPtr(next.host.bytes.ptr) == @intFromPtr(place.bytes.ptr) + size,
        };
    }
};
