//! Reads the JSON of a plan into `Plan`. The structs below are the JSON's objects, field by field; a field without a
//! default must be there, an unknown one is an error. What numbers mean is checked in `plan_check.zig`.
const std = @import("std");
const plans = @import("plan.zig");
const check = @import("plan_check.zig");
const report = @import("../../abi/report.zig");
const limits = plans.limits;

pub const Source = struct {
    replicas: u64,
    tensors: []const Tensor,
    streams: []const Stream,
    remoteBuffers: []const RemoteBuffer = &.{},
    graph: Graph = .{},
    programs: []const Program,

    pub const Tensor = struct { name: [:0]const u8, type: u64, shape: []const u64 };
    pub const Stream = struct { handle: [:0]const u8, tensor: u64, toDevice: bool, depth: u64, prefetch: bool };
    pub const RemoteBuffer = struct { handle: [:0]const u8, size: u64, repeats: u64 };
    pub const Graph = struct { inputs: []const u64 = &.{}, outputs: []const u64 = &.{}, weights: []const u64 = &.{} };
    pub const Program = struct { name: [:0]const u8, steps: Steps };
    pub const Steps = struct { list: []const plans.Step };
    pub const Operand = struct { tensor: u64, offset: u64, shape: []const u64, strides: []const i64 };
};

pub fn read(arena: *std.heap.ArenaAllocator, json: []const u8, has_graph: bool) !plans.Plan {
    const allocator = arena.allocator();
    var self: Reader = .{ .allocator = allocator, .scanner = .initCompleteInput(allocator, json) };
    const source = try self.object(Source, "plan");
    if (try self.next() != .end_of_document) return self.wrong("something follows the plan", .{});
    return check.check(allocator, source, has_graph);
}

const Reader = struct {
    allocator: std.mem.Allocator,
    scanner: std.json.Scanner,
    steps: usize = 0,

    fn next(self: *Reader) !std.json.Token {
        return self.scanner.nextAllocMax(self.allocator, .alloc_if_needed, limits.name) catch |err| switch (err) {
            error.OutOfMemory => err,
            error.ValueTooLong => self.wrong("a text has more than {d} bytes", .{limits.name}),
            error.SyntaxError, error.UnexpectedEndOfInput => self.wrong("that is no JSON", .{}),
        };
    }

    fn wrong(self: *const Reader, comptime what: []const u8, args: anytype) anyerror {
        return report.fail(error.invalid_executable, "the executable's plan at byte {d}: " ++ what ++ ".", .{self.scanner.cursor} ++ args);
    }

    fn value(self: *Reader, comptime T: type, token: std.json.Token, comptime name: []const u8) anyerror!T {
        return switch (T) {
            bool => switch (token) {
                .true => true,
                .false => false,
                else => self.wrong(name ++ " is neither true nor false", .{}),
            },
            u64 => self.number(token, name),
            i64 => self.signed(token, name),
            f64 => self.real(token, name),
            [:0]const u8 => self.allocator.dupeSentinel(u8, try self.text(token, name), 0),
            Source.Steps => self.steps_of(token),
            else => switch (@typeInfo(T)) {
                .pointer => |pointer| self.list(pointer.child, token, name),
                .@"struct" => if (token == .object_begin) self.fields(T, name) else self.wrong(name ++ " is no object", .{}),
                else => comptime unreachable,
            },
        };
    }

    fn number(self: *Reader, token: std.json.Token, comptime name: []const u8) !u64 {
        const digits = if (token == .number) token.number else "";
        const found = std.fmt.parseInt(u64, digits, 10) catch limits.number + 1;
        if (found > limits.number) return self.wrong(name ++ " is no whole number from 0 to 2^53 - 1", .{});
        return found;
    }

    fn signed(self: *Reader, token: std.json.Token, comptime name: []const u8) !i64 {
        const digits = if (token == .number) token.number else "";
        const found = std.fmt.parseInt(i64, digits, 10) catch limits.number + 1;
        if (@abs(found) > limits.number) return self.wrong(name ++ " is no whole number from 1 - 2^53 to 2^53 - 1", .{});
        return found;
    }

    fn real(self: *Reader, token: std.json.Token, comptime name: []const u8) !f64 {
        const digits = if (token == .number) token.number else "";
        const found = std.fmt.parseFloat(f64, digits) catch std.math.nan(f64);
        if (!std.math.isFinite(found)) return self.wrong(name ++ " is no finite number", .{});
        return found;
    }

    fn text(self: *Reader, token: std.json.Token, comptime name: []const u8) ![]const u8 {
        const bytes: []const u8 = switch (token) {
            .string => |bytes| bytes,
            .allocated_string => |bytes| bytes,
            else => return self.wrong(name ++ " is no text", .{}),
        };
        if (std.mem.findScalar(u8, bytes, 0) != null) return self.wrong(name ++ " holds a NUL", .{});
        return bytes;
    }

    fn list(self: *Reader, comptime T: type, token: std.json.Token, comptime name: []const u8) ![]const T {
        if (token != .array_begin) return self.wrong(name ++ " is no list", .{});
        var items: std.ArrayList(T) = .empty;
        while (true) {
            const item = try self.next();
            if (item == .array_end) return items.items;
            if (items.items.len == limits.list) return self.wrong(name ++ " has more than {d} entries", .{limits.list});
            try items.append(self.allocator, try self.value(T, item, name));
        }
    }

    fn object(self: *Reader, comptime T: type, comptime name: []const u8) !T {
        return self.value(T, try self.next(), name);
    }

    /// Behind the opening brace.
    fn fields(self: *Reader, comptime T: type, comptime name: []const u8) !T {
        const described = @typeInfo(T).@"struct".fields;
        var result: T = undefined;
        var found: [described.len]bool = @splat(false);
        while (true) {
            const token = try self.next();
            if (token == .object_end) break;
            const key = try self.text(token, name);
            inline for (described, &found) |field, *seen| {
                if (std.mem.eql(u8, key, field.name)) {
                    if (seen.*) return self.wrong(name ++ " has two fields " ++ field.name, .{});
                    seen.* = true;
                    @field(result, field.name) = try self.value(field.type, try self.next(), field.name);
                    break;
                }
            } else return self.wrong(name ++ " has an unknown field {s}", .{key[0..@min(key.len, 64)]});
        }
        inline for (described, found) |field, seen| if (!seen) {
            if (field.defaultValue()) |default| {
                @field(result, field.name) = default;
            } else return self.wrong(name ++ " has no " ++ field.name, .{});
        };
        return result;
    }

    fn steps_of(self: *Reader, token: std.json.Token) !Source.Steps {
        var steps: std.ArrayList(plans.Step) = .empty;
        try self.body(&steps, token, 0);
        return .{ .list = steps.items };
    }

    fn body(self: *Reader, steps: *std.ArrayList(plans.Step), begin: std.json.Token, nesting: usize) anyerror!void {
        if (begin != .array_begin) return self.wrong("steps are no list", .{});
        while (true) {
            const token = try self.next();
            if (token == .array_end) return;
            if (token != .array_begin) return self.wrong("a step is no list", .{});
            self.steps += 1;
            if (self.steps > limits.steps) return self.wrong("more than {d} steps", .{limits.steps});
            try self.step(steps, try self.text(try self.next(), "a step's name"), nesting);
            if (try self.next() != .array_end) return self.wrong("a step has too many arguments", .{});
        }
    }

    fn step(self: *Reader, steps: *std.ArrayList(plans.Step), name: []const u8, nesting: usize) !void {
        const Name = enum { sync, toTensor, toStream, graph, repeat, remoteToTensor, tensorToRemote, kernel };
        const known = std.meta.stringToEnum(Name, name) orelse return self.wrong("there is no step {s}", .{name[0..@min(name.len, 64)]});
        const one: plans.Step = switch (known) {
            .sync => .sync,
            .graph => .graph,
            .toTensor => .{ .to_tensor = try self.index() },
            .toStream => .{ .to_stream = try self.index() },
            .remoteToTensor => .{ .remote_to_tensor = .{ .buffer = try self.index(), .tensor = try self.index() } },
            .tensorToRemote => remote: {
                const tensor = try self.index();
                break :remote .{ .tensor_to_remote = .{ .buffer = try self.index(), .tensor = tensor } };
            },
            .kernel => .{ .kernel = try self.kernel() },
            .repeat => return self.repeat(steps, nesting),
        };
        try steps.append(self.allocator, one);
    }

    /// A body that does nothing is left out, so that no number of turns can hold a run up.
    fn repeat(self: *Reader, steps: *std.ArrayList(plans.Step), nesting: usize) !void {
        if (nesting == limits.nesting) return self.wrong("repeats are nested more than {d} deep", .{limits.nesting});
        const count = try self.number(try self.next(), "a repeat's count");
        const start = steps.items.len;
        try steps.append(self.allocator, .{ .repeat = .{ .count = count, .after = 0 } });
        try self.body(steps, try self.next(), nesting + 1);
        if (count == 0 or steps.items.len == start + 1) return steps.shrinkRetainingCapacity(start);
        try steps.append(self.allocator, .{ .end = @intCast(start + 1) });
        steps.items[start].repeat.after = @intCast(steps.items.len);
    }

    fn kernel(self: *Reader) !*const plans.Kernel {
        const made = try self.allocator.create(plans.Kernel);
        made.name = try self.allocator.dupe(u8, try self.text(try self.next(), "a kernel's name"));
        const described = try self.list(Source.Operand, try self.next(), "a kernel's operand");
        const operands = try self.allocator.alloc(plans.Operand, described.len);
        for (operands, described) |*operand, from| operand.* = .{
            .tensor = std.math.cast(u32, from.tensor) orelse std.math.maxInt(u32),
            .offset = from.offset,
            .shape = from.shape,
            .strides = from.strides,
        };
        made.operands = operands;
        made.scalars = try self.list(f64, try self.next(), "a kernel's scalar");
        return made;
    }

    fn index(self: *Reader) !u32 {
        const found = try self.number(try self.next(), "a step's argument");
        return std.math.cast(u32, found) orelse self.wrong("a step's argument is {d}", .{found});
    }
};
