//! Which rows of which requests make the next batch, and when it starts. Knows no engine and no thread.
const std = @import("std");
const Form = @import("form.zig").Form;
const Request = @import("request.zig").Request;
const Waiting = @import("waiting.zig").Waiting;

pub const forever = std.math.maxInt(u64);

pub const Rules = struct {
    /// Rows of a merged batch; a request that has more by itself runs alone. A compiled batch has its own size.
    rows_max: u32,
    /// How long the first rows of a compiled batch wait for more. 0: they do not; `forever`: until it is full.
    wait_ns: u64,
    /// When the wait is over somebody is asked for rows, instead of running with zeros.
    ask: bool = false,
    /// How long a device that is inside its program waits for the first rows of a batch, before it gets zeros.
    idle_ns: u64 = 0,
    /// One that is to stop gets zeros until its program has ended, so that others can run after it.
    ends: bool = false,
    /// It gets zeros only while a request waits for its outputs.
    only_awaited: bool = false,
};

/// Rows `first..first + rows` of a request, which are rows `at..at + rows` of the batch.
pub const Part = struct { request: *Request, first: u32, rows: u32, at: u32 };

pub const Plan = struct {
    parts: []Part,
    count: usize = 0,
    /// Rows of requests in it.
    rows: u32 = 0,
    /// Rows that the engine runs: those, and padding.
    size: u32 = 0,
    /// Rows are missing: see `Rules.ask`.
    hungry: bool = false,
    /// In the list of those that run.
    next: ?*Plan = null,

    /// Parts that a batch can have under the rules.
    pub fn room(form: *const Form, rules: Rules) usize {
        return @max(1, if (form.batching == null) 1 else if (form.compiled_rows > 0) form.compiled_rows else rules.rows_max);
    }

    pub fn used(self: *const Plan) []Part {
        return self.parts[0..self.count];
    }

    /// One request and nothing else, with all its rows: nothing has to be gathered.
    pub fn isWhole(self: *const Plan) bool {
        if (self.count != 1) return false;
        const part = self.parts[0];
        return part.rows == part.request.rows and (part.request.single or self.size == part.rows);
    }

    pub fn setWhole(self: *Plan, request: *Request) void {
        self.count = 0;
        self.rows = 0;
        self.add(request, request.rows);
        self.size = self.rows;
    }

    /// No rows at all: zeros for a device that has to be given something.
    pub fn setEmpty(self: *Plan, size: u32) void {
        self.count = 0;
        self.rows = 0;
        self.size = size;
    }

    fn add(self: *Plan, request: *Request, rows: u32) void {
        self.parts[self.count] = .{ .request = request, .first = request.planned, .rows = rows, .at = self.rows };
        self.count += 1;
        self.rows += rows;
        request.planned += rows;
    }
};

/// Plans that run, oldest first: one on a processor, several in a device that takes inputs ahead of outputs.
pub const Running = struct {
    first: ?*Plan = null,

    pub fn add(self: *Running, plan: *Plan) void {
        plan.next = null;
        var place = &self.first;
        while (place.*) |other| place = &other.next;
        place.* = plan;
    }

    pub fn remove(self: *Running, plan: *Plan) void {
        var place = &self.first;
        while (place.*) |other| : (place = &other.next) if (other == plan) {
            place.* = other.next;
            return;
        };
    }

    pub fn has(self: *const Running, request: *const Request) bool {
        var next = self.first;
        while (next) |plan| : (next = plan.next) for (plan.used()) |part| if (part.request == request) return true;
        return false;
    }

    /// Rows run for which nobody waits any more, and no others.
    pub fn isAbandoned(self: *const Running) bool {
        var rows: u32 = 0;
        var next = self.first;
        while (next) |plan| : (next = plan.next) rows +|= plan.rows;
        return rows > 0 and !self.isWanted();
    }

    /// Whether somebody waits for what runs.
    pub fn isWanted(self: *const Running) bool {
        var next = self.first;
        while (next) |plan| : (next = plan.next) for (plan.used()) |part| if (!part.request.given_up.load(.monotonic)) return true;
        return false;
    }
};

/// `full`: the batch could take no more; `until`: it starts then, if nothing more comes.
pub const Verdict = union(enum) { nothing, run, until: u64 };

/// Makes the next batch of those that wait, and takes them out; one of which rows remain stays first. `hurry`: what is there
/// runs now.
pub fn compose(plan: *Plan, waiting: *Waiting, form: *const Form, rules: Rules, now: u64, hurry: bool) Verdict {
    plan.count = 0;
    plan.rows = 0;
    plan.hungry = false;
    const first = waiting.first orelse return .nothing;
    const rows_max = if (form.compiled_rows > 0) form.compiled_rows else rules.rows_max;
    if (first.single or form.batching == null or (form.compiled_rows == 0 and first.rows >= rows_max)) {
        waiting.remove(first);
        plan.setWhole(first);
        return .run;
    }
    if (form.compiled_rows > 0 and !hurry and rules.wait_ns > 0) {
        const short = rows_max -| available(first, form, rows_max);
        if (short > 0 and !blocked(first, form)) {
            const due = if (rules.wait_ns == forever) forever else first.times.queued +| rules.wait_ns;
            if (now < due) return .{ .until = due };
            plan.hungry = rules.ask;
            if (plan.hungry) return .{ .until = forever };
        }
    }
    while (waiting.first) |request| {
        if (plan.count == plan.parts.len or request.single or !agree(first, request, form)) break;
        const left = request.rows - request.planned;
        const fitting = if (form.compiled_rows > 0) @min(left, rows_max - plan.rows) else left;
        if (fitting > rows_max - plan.rows or (fitting == 0 and left > 0)) break;
        plan.add(request, fitting);
        if (fitting < left) break;
        waiting.remove(request);
    }
    plan.size = if (form.compiled_rows > 0) form.compiled_rows else plan.rows;
    return .run;
}

/// Rows that the next batch would have, up to `enough`.
fn available(first: *Request, form: *const Form, enough: u32) u32 {
    var rows: u32 = 0;
    var next: ?*Request = first;
    while (next) |request| : (next = request.next) {
        if (request.single or !agree(first, request, form)) break;
        rows +|= request.rows - request.planned;
        if (rows >= enough) break;
    }
    return @min(rows, enough);
}

/// A request that fits into no batch of `first`'s waits behind: rows that come later cannot pass it, so nothing is gained
/// by waiting for them.
fn blocked(first: *Request, form: *const Form) bool {
    var next: ?*Request = first;
    while (next) |request| : (next = request.next) if (request.single or !agree(first, request, form)) return true;
    return false;
}

/// Whether all axes but that of the rows are the same.
fn agree(a: *const Request, b: *const Request, form: *const Form) bool {
    for (form.inputs, a.inputs, b.inputs) |port, left, right| {
        if (port.uniform) continue;
        for (left.axes, right.axes, 0..) |one, other, axis| if (axis != port.row_axis and one != other) return false;
    }
    return true;
}
