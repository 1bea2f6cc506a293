//! What a device reads a stream from, or writes it to: zeros, stored data, a JavaScript callback, a queue, a batch. A
//! native object behind a handle, connected to a stream of a program by its anchor's handle.
const std = @import("std");
const handle = @import("../abi/handle.zig");

pub const Stream = struct {
    pub const kind: handle.Kind = .stream;

    /// One for the handle, one for each session that it is connected to.
    references: std.atomic.Value(u32) = .init(1),
    calls: *const Calls,

    /// `self` is embedded in the implementation, which finds itself by `@fieldParentPtr`. All but `interrupt` come from the
    /// thread that runs the program, one at a time.
    pub const Calls = struct {
        /// To the device, ahead of need: true when `buffer` was filled. Null: not offered ahead.
        prefetch: ?*const fn (self: *Stream, buffer: []u8) bool = null,
        /// To the device: fills `buffer`. From the device: takes what is in it. May wait until `interrupt`.
        fetch: *const fn (self: *Stream, buffer: []u8) void,
        /// The oldest element that was prefetched or fetched has been consumed.
        complete: *const fn (self: *Stream) void = doNothing,
        /// What was prefetched and not completed was dropped, and is to be offered again.
        invalidate: *const fn (self: *Stream) void = doNothing,
        /// Any thread: a wait in `fetch` or `prefetch` ends now, and later ones do not begin, until `proceed`.
        interrupt: *const fn (self: *Stream) void = doNothing,
        /// The session has been loaded again: what `interrupt` did is over.
        proceed: *const fn (self: *Stream) void = doNothing,
        /// The last reference is gone.
        destroy: *const fn (self: *Stream) void,
    };

    pub fn retain(self: *Stream) *Stream {
        _ = self.references.fetchAdd(1, .monotonic);
        return self;
    }

    pub fn release(self: *Stream) void {
        if (self.references.fetchSub(1, .acq_rel) == 1) self.calls.destroy(self);
    }

    /// Of the handle's object, when it was closed and nobody is inside.
    pub fn drop(object: *anyopaque) void {
        const self: *Stream = @ptrCast(@alignCast(object));
        self.release();
    }

    fn doNothing(_: *Stream) void {}
};
