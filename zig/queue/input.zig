//! The stream of an input queue: builds batches of the device out of entries of any size, split and merged as they come.
const switches = @import("../os/switches.zig");
const Stream = @import("../session/stream.zig").Stream;
const Patience = @import("queue.zig").Patience;
const Queue = @import("queue.zig").Queue;

pub const calls: Stream.Calls = .{
    .prefetch = prefetch,
    .fetch = fetch,
    .complete = complete,
    .invalidate = invalidate,
    .interrupt = Queue.interrupt,
    .proceed = Queue.proceed,
    .destroy = Queue.streamGone,
};

/// From here on, copying takes longer than letting go of the lock and taking it again.
pub const large = 16 * 1024;

/// Waits for data as `fetch` does, as the original's.
fn prefetch(stream: *Stream, buffer: []u8) bool {
    return fill(.of(stream), buffer);
}

fn fetch(stream: *Stream, buffer: []u8) void {
    _ = fill(.of(stream), buffer);
}

fn complete(stream: *Stream) void {
    const self: *Queue = .of(stream);
    self.set.lock();
    defer self.set.unlock();
    if (!self.set.halted) self.consume(self.batch, .read_complete);
}

fn invalidate(stream: *Stream) void {
    const self: *Queue = .of(stream);
    self.set.lock();
    defer self.set.unlock();
    if (!switches.off("queue_invalidate")) self.entries.putAllBack();
}

/// False: interrupted, and nothing was taken.
fn fill(self: *Queue, buffer: []u8) bool {
    self.set.lock();
    defer self.set.unlock();
    var patience: Patience = .{};
    var filled: usize = 0;
    var epoch = self.epoch;
    while (filled < buffer.len) {
        if (self.epoch != epoch) {
            epoch = self.epoch;
            filled = 0;
        }
        if (self.interrupted) {
            self.entries.putBack(filled);
            @memset(buffer, 0);
            return false;
        }
        if (self.disconnected) {
            @memset(buffer[filled..], 0);
            return true;
        }
        const entry = self.entries.current() orelse {
            // Woken once for a batch, not for each of its entries; what there is of it is taken before a timeout is announced.
            self.sleep(&patience, buffer.len - filled);
            continue;
        };
        patience = .{};
        const offset: usize = @intCast(self.entries.taken - entry.begin);
        if (offset == 0) self.announceStart(entry);
        const part = buffer[filled..][0..@min(entry.size - offset, buffer.len - filled)];
        if (part.len >= large) {
            self.copying = true;
            self.set.unlock();
        }
        if (entry.bytes()) |bytes| @memcpy(part, bytes[offset..][0..part.len]) else @memset(part, 0);
        if (part.len >= large) {
            self.set.lock();
            self.copying = false;
        }
        self.entries.take(part.len);
        filled += part.len;
        if (switches.off("queue_regroup")) @memset(buffer[filled..], 0);
        if (switches.off("queue_regroup")) return true;
    }
    return true;
}
