//! The lock under which a job's tables change: a word in shared memory that names its holder. A holder that died is
//! proved dead by the kernel's lock on its file, the word is taken from it, and what it left half-done is repaired.
const std = @import("std");
const layout = @import("layout.zig");
const futex = @import("../os/futex.zig");
const report = @import("../abi/report.zig");
const Context = @import("context.zig").Context;
const process = @import("process.zig");
const repair = @import("repair.zig");
const exit = @import("exit.zig");

const Word = layout.LockWord;
const contended: u32 = @bitCast(Word{ .contended = true });
const slice_ns = 20 * std.time.ns_per_ms;
const timeout_ns = 10 * std.time.ns_per_s;
const spins = 200;

pub fn identity(slot: u32, tag: u64) u32 {
    return @bitCast(Word{ .holder = @intCast(slot + 1), .tag = @truncate(tag) });
}

pub fn take(self: *Context) !void {
    try wait(self);
    if (!exit.cleaning.load(.seq_cst)) return;
    release(self);
    return report.fail(error.closed, "the process is ending.", .{});
}

fn wait(self: *Context) !void {
    const word = &self.header().lock;
    const me = self.lock_identity;
    // Acquire pairs with the release in `release`; so it does below.
    if (word.cmpxchgStrong(0, me, .acquire, .monotonic) == null) return;
    for (0..spins) |_| {
        std.atomic.spinLoopHint();
        if (word.load(.monotonic) == 0 and word.cmpxchgWeak(0, me, .acquire, .monotonic) == null) return;
    }
    const deadline = futex.now() + timeout_ns;
    while (true) {
        var seen = word.load(.monotonic);
        if (seen == 0) {
            // Others may sleep on it too, so it stays marked.
            if (word.cmpxchgStrong(0, me | contended, .acquire, .monotonic) == null) return;
            continue;
        }
        if (seen & contended == 0) {
            if (word.cmpxchgStrong(seen, seen | contended, .monotonic, .monotonic) != null) continue;
            seen |= contended;
        }
        futex.waitShared(word, seen, slice_ns);
        if (word.load(.monotonic) == seen) {
            if (holderDead(self, @bitCast(seen))) {
                if (word.cmpxchgStrong(seen, me | contended, .acquire, .monotonic) != null) continue;
                return repair.run(self);
            }
        }
        if (futex.now() > deadline) return busy(self, @bitCast(word.load(.monotonic)));
    }
}

fn holderDead(self: *Context, holder: Word) bool {
    const slot = @as(u32, holder.holder) -% 1;
    // Whoever enters or leaves holds the directory's lock. If that is us, the one who entered before us is dead.
    if (slot == process.entering) return self.holds_directory.load(.monotonic) or process.directoryIdle(self);
    // Another thread of this process.
    if (@as(u32, @bitCast(holder)) & ~contended == self.lock_identity) return false;
    return !process.alive(self, slot) or @as(u23, @truncate(self.control.processes[slot].file)) != holder.tag;
}

fn busy(self: *Context, holder: Word) anyerror {
    const slot = @as(u32, holder.holder) -% 1;
    const pid = if (slot < layout.processes_max) self.control.processes[slot].pid else 0;
    return report.fail(error.context_busy, "process {d} has held the lock of {s} for 10 s.", .{ pid, self.directory.pathText() });
}

/// For a process that is ending: gives up at once when the interrupted code holds the lock, soon when somebody else does.
pub fn tryTake(self: *Context, attempts: usize) bool {
    const word = &self.header().lock;
    for (0..attempts) |_| {
        const seen = word.cmpxchgStrong(0, self.lock_identity, .acquire, .monotonic) orelse return true;
        if (seen & ~contended == self.lock_identity) return false;
        futex.pause();
    }
    return false;
}

pub fn release(self: *Context) void {
    const word = &self.header().lock;
    var seen = word.load(.monotonic);
    // Not ours any more: we left the table under it, and somebody found the slot empty.
    while (seen & ~contended == self.lock_identity) {
        // Release pairs with the acquires in `wait`.
        seen = word.cmpxchgWeak(seen, 0, .release, .monotonic) orelse {
            if (seen & contended != 0) futex.wakeShared(word, 1);
            return;
        };
    }
}

/// The word passes from the slot through which processes enter to their own.
pub fn rename(self: *Context, new: u32) void {
    const word = &self.header().lock;
    var seen = word.load(.monotonic);
    while (seen & ~contended == self.lock_identity) seen = word.cmpxchgWeak(seen, new | (seen & contended), .monotonic, .monotonic) orelse break;
    self.lock_identity = new;
}
