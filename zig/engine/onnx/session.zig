//! A model that the engine has loaded. Runs may come from any thread, and several at once.
const std = @import("std");
const api = @import("api.zig");
const ports = @import("port.zig");
const report = @import("../../abi/report.zig");
const Library = @import("library.zig").Library;
const Provider = @import("provider.zig").Provider;
const Value = @import("value.zig").Value;

pub const Options = struct {
    /// Threads that one run may use, the calling one included. 0: one fewer than there are cores, at least 1, so that
    /// the event loop keeps a core.
    intra_op_threads: u32 = 0,
    /// The graph as the engine has optimised it is written there.
    optimized_path: ?[:0]const u8 = null,
    /// Runs what it can of the graph; the processor runs the rest.
    provider: ?Provider = null,
};

/// An initializer that is marked external in a graph, and whose values come from memory.
pub const Weight = struct { name: [:0]const u8, element: u8, shape: []const i64, bytes: []u8 };

pub const Session = struct {
    library: *const Library,
    raw: *api.Session,
    arena: std.heap.ArenaAllocator,
    inputs: []const ports.Port,
    outputs: []const ports.Port,
    input_names: []const [*:0]const u8,
    output_names: []const [*:0]const u8,
    /// Owners, see `share`.
    owners: *std.atomic.Value(u32),

    /// From a file, not from memory, because external weights are found beside the file.
    pub fn load(allocator: std.mem.Allocator, library: *const Library, path: [:0]const u8, options: Options) !Session {
        try mustBeReadable(path);
        const settings = try makeOptions(library, options);
        defer library.table.at(.release_session_options)(settings);
        var raw: ?*api.Session = null;
        const status = library.table.at(.create_session)(library.env, path.ptr, settings, &raw);
        try library.check(status, error.invalid_model, "{s} cannot be loaded", .{path});
        errdefer library.table.at(.release_session)(raw.?);
        return describe(allocator, library, raw.?);
    }

    /// From the bytes of a model that has all of `weights`, and no others, as external initializers of its main graph. They
    /// are constants to the engine, which folds and packs them.
    pub fn loadFromMemory(allocator: std.mem.Allocator, library: *const Library, graph: []const u8, weights: []const Weight, options: Options) !Session {
        const settings = try makeOptions(library, options);
        defer library.table.at(.release_session_options)(settings);
        var given = try Weights.wrap(allocator, library, weights);
        defer given.release(allocator, library);
        if (weights.len > 0) {
            const status = library.table.at(.add_external_initializers)(settings, given.names.ptr, given.values.ptr, weights.len);
            try library.check(status, error.invalid_model, "the model's weights were refused", .{});
        }
        var raw: ?*api.Session = null;
        const status = library.table.at(.create_session_from_array)(library.env, graph.ptr, graph.len, settings, &raw);
        try library.check(status, error.invalid_model, "a graph of {d} bytes cannot be loaded", .{graph.len});
        errdefer library.table.at(.release_session)(raw.?);
        return describe(allocator, library, raw.?);
    }

    /// For a further owner: the same model, with one copy of its weights. Each owner closes its own.
    pub fn share(self: *const Session) Session {
        _ = self.owners.fetchAdd(1, .monotonic);
        return self.*;
    }

    pub fn close(self: *Session) void {
        if (self.owners.fetchSub(1, .acq_rel) > 1) return;
        self.library.table.at(.release_session)(self.raw);
        self.arena.deinit();
    }

    /// One value per input, in the order of `inputs`. Outputs that are null are made by the engine; the caller owns
    /// them, also those it gave.
    pub fn run(self: *const Session, run_options: ?*const RunOptions, inputs: []const ?*const api.Value, outputs: []?*api.Value) !void {
        std.debug.assert(inputs.len == self.inputs.len and outputs.len == self.outputs.len);
        const status = self.library.table.at(.run)(
            self.raw,
            if (run_options) |o| o.raw else null,
            self.input_names.ptr,
            inputs.ptr,
            inputs.len,
            self.output_names.ptr,
            outputs.len,
            outputs.ptr,
        );
        try self.library.check(status, error.run_failed, "the model failed", .{});
    }
};

/// Weights as the engine takes them.
const Weights = struct {
    names: [][*:0]const u8,
    values: []?*const api.Value,
    count: usize = 0,

    fn wrap(allocator: std.mem.Allocator, library: *const Library, weights: []const Weight) !Weights {
        var self: Weights = .{ .names = &.{}, .values = &.{} };
        errdefer self.release(allocator, library);
        self.names = try allocator.alloc([*:0]const u8, weights.len);
        self.values = try allocator.alloc(?*const api.Value, weights.len);
        for (weights) |weight| {
            self.names[self.count] = weight.name.ptr;
            self.values[self.count] = (try Value.wrap(library, weight.bytes, weight.shape, weight.element)).raw;
            self.count += 1;
        }
        return self;
    }

    fn release(self: *Weights, allocator: std.mem.Allocator, library: *const Library) void {
        for (self.values[0..self.count]) |value| (Value{ .raw = @constCast(value.?) }).release(library);
        allocator.free(self.names);
        allocator.free(self.values);
    }
};

/// Lets another thread end a run at the next node of the graph.
pub const RunOptions = struct {
    raw: *api.RunOptions,

    pub fn create(library: *const Library) !RunOptions {
        var raw: ?*api.RunOptions = null;
        try library.sure(library.table.at(.create_run_options)(&raw));
        return .{ .raw = raw.? };
    }

    pub fn terminate(self: RunOptions, library: *const Library) void {
        library.sure(library.table.at(.terminate_run)(self.raw)) catch {};
    }

    /// Makes options that ended a run fit for the next one.
    pub fn renew(self: RunOptions, library: *const Library) void {
        library.sure(library.table.at(.unset_terminate_run)(self.raw)) catch {};
    }

    pub fn release(self: RunOptions, library: *const Library) void {
        library.table.at(.release_run_options)(self.raw);
    }
};

fn describe(allocator: std.mem.Allocator, library: *const Library, raw: *api.Session) !Session {
    var arena: std.heap.ArenaAllocator = .init(allocator);
    errdefer arena.deinit();
    const inputs = try ports.read(arena.allocator(), library, raw, .input);
    const outputs = try ports.read(arena.allocator(), library, raw, .output);
    const owners = try arena.allocator().create(std.atomic.Value(u32));
    owners.* = .init(1);
    return .{
        .library = library,
        .raw = raw,
        .inputs = inputs,
        .outputs = outputs,
        .input_names = try namesOf(arena.allocator(), inputs),
        .output_names = try namesOf(arena.allocator(), outputs),
        .owners = owners,
        .arena = arena,
    };
}

fn namesOf(arena: std.mem.Allocator, described: []const ports.Port) ![]const [*:0]const u8 {
    const names = try arena.alloc([*:0]const u8, described.len);
    for (names, described) |*name, port| name.* = port.name.ptr;
    return names;
}

fn makeOptions(library: *const Library, options: Options) !*api.SessionOptions {
    const table = library.table;
    var made: ?*api.SessionOptions = null;
    try library.sure(table.at(.create_session_options)(&made));
    const settings = made.?;
    errdefer table.at(.release_session_options)(settings);
    const cores = std.Thread.getCpuCount() catch 1;
    const threads = if (options.intra_op_threads > 0) options.intra_op_threads else @max(1, cores -| 1);
    try library.sure(table.at(.set_intra_op_threads)(settings, std.math.cast(c_int, threads) orelse std.math.maxInt(c_int)));
    try library.sure(table.at(.set_inter_op_threads)(settings, 1));
    // A pool that spins between runs takes the cores from the event loop.
    try library.sure(table.at(.add_session_config)(settings, "session.intra_op.allow_spinning", "0"));
    if (options.provider) |provider| try provider.append(settings);
    if (options.optimized_path) |path| try library.sure(table.at(.optimized_model_path)(settings, path.ptr));
    return settings;
}

/// The engine's own words for a missing file depend on its release; ours name the path and the reason.
fn mustBeReadable(path: [:0]const u8) !void {
    const linux = std.os.linux;
    const result = linux.open(path.ptr, .{ .CLOEXEC = true }, 0);
    switch (linux.errno(result)) {
        .SUCCESS => _ = linux.close(@intCast(result)),
        else => |reason| return report.fail(error.file_not_found, "{s} cannot be read: {s}.", .{ path, @tagName(reason) }),
    }
}
