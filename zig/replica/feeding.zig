//! What of a schedule only devices need: they are inside a program when they want the next batch, and must get something.
const std = @import("std");
const futex = @import("../os/futex.zig");
const switches = @import("../os/switches.zig");
const Completions = @import("completions.zig").Completions;
const Plan = @import("plan.zig").Plan;
const Schedule = @import("schedule.zig").Schedule;
const Step = Schedule.Step;
const planning = @import("plan.zig");

/// The thread of a replica on a device: `run` when there is something to run.
pub fn pend(schedule: *Schedule) Step {
    schedule.bed.attention.store(false, .seq_cst);
    schedule.lock.lock();
    defer schedule.lock.unlock();
    schedule.drain();
    if (schedule.stopping) return .stop;
    return if (schedule.waiting.count > 0) .run else .{ .rest = planning.forever };
}

/// As `next`, for a device that is inside its program since `since` for want of a batch: when none comes in time it gets zeros.
/// `stop`: it was interrupted.
pub fn feed(schedule: *Schedule, plan: *Plan, since: u64, interrupted: *const std.atomic.Value(bool)) Step {
    schedule.bed.attention.store(false, .seq_cst);
    // After the store: `interrupt` sets this first.
    if (interrupted.load(.seq_cst)) return .stop;
    const now = futex.now();
    schedule.lock.lock();
    defer schedule.lock.unlock();
    schedule.drain();
    if (schedule.stopping) {
        if (!schedule.rules.ends) return .stop;
        plan.setEmpty(@max(1, schedule.form.compiled_rows));
        return schedule.start(plan, now);
    }
    switch (planning.compose(plan, &schedule.waiting, schedule.form, schedule.rules, now, schedule.hurry)) {
        .until => |due| return if (plan.hungry) schedule.askOnce() else .{ .rest = due },
        .run => return schedule.start(plan, now),
        .nothing => {},
    }
    if (!schedule.hurry and !schedule.running.isAbandoned()) {
        if (schedule.rules.only_awaited and !schedule.running.isWanted() and !switches.off("flush_only_awaited")) return .{ .rest = planning.forever };
        const due = since +| schedule.rules.idle_ns;
        if (now < due) return .{ .rest = due };
        if (schedule.rules.ask) return schedule.askOnce();
    }
    plan.setEmpty(@max(1, schedule.form.compiled_rows));
    return schedule.start(plan, now);
}

/// Requests that wait end with `err` and what `report` says of it; of those that run, no more rows will.
pub fn refuse(schedule: *Schedule, err: anyerror) void {
    var clients: Completions = .{ .schedule = schedule };
    {
        schedule.lock.lock();
        defer schedule.lock.unlock();
        schedule.drain();
        while (schedule.waiting.first) |request| {
            request.fail(err);
            if (schedule.running.has(request)) {
                schedule.dropRest(request);
                continue;
            }
            schedule.waiting.remove(request);
            clients.add(request);
        }
        _ = schedule.gate.load.fetchSub(clients.total, .monotonic);
    }
    clients.deliver();
}
