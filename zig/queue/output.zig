//! The stream of an output queue: scatters batches of the device over entries of any size.
const Stream = @import("../session/stream.zig").Stream;
const large = @import("input.zig").large;
const Patience = @import("queue.zig").Patience;
const Queue = @import("queue.zig").Queue;

pub const calls: Stream.Calls = .{
    .fetch = fetch,
    .interrupt = Queue.interrupt,
    .proceed = Queue.proceed,
    .destroy = Queue.streamGone,
};

fn fetch(stream: *Stream, buffer: []u8) void {
    const self: *Queue = .of(stream);
    self.set.lock();
    defer self.set.unlock();
    var patience: Patience = .{ .endless = true };
    var written: usize = 0;
    const epoch = self.epoch;
    while (written < buffer.len) {
        // What was to go into entries that are no more goes nowhere.
        if (self.set.halted or self.disconnected or self.epoch != epoch) return;
        const entry = self.entries.current() orelse {
            self.sleep(&patience, 1);
            continue;
        };
        const offset: usize = @intCast(self.entries.taken - entry.begin);
        const part = buffer[written..][0..@min(entry.size - offset, buffer.len - written)];
        if (part.len >= large) {
            self.copying = true;
            self.set.unlock();
        }
        if (entry.bytes()) |bytes| @memcpy(bytes[offset..][0..part.len], part);
        if (part.len >= large) {
            self.set.lock();
            self.copying = false;
        }
        self.entries.take(part.len);
        self.consume(part.len, .write_complete);
        written += part.len;
    }
}
