//! The C ABI, and the only root of the library: everything exported is listed here. `zig/abi/generate.zig` reflects
//! over the same list to write `src/native/bindings.generated.ts`.
//!
//! A call is `fn (t: *Thread, integers…) !i32`. The export around it finds the calling JavaScript thread, turns errors
//! into negative numbers and leaves their text in the thread's block.
const std = @import("std");
const builtin = @import("builtin");
pub const errors = @import("abi/errors.zig");
pub const block = @import("abi/block.zig");
const report = @import("abi/report.zig");
const threads = @import("abi/thread.zig");
const Mapping = @import("shm/mapping.zig").Mapping;

/// Exports are named `mr_<module>_<function>`.
pub const modules = .{
    .boundary = @import("calls/boundary.zig"),
    .memory = @import("calls/memory.zig"),
    .context = @import("calls/context.zig"),
    .allocation = @import("calls/allocation.zig"),
    .replica = @import("calls/replica.zig"),
    .request = @import("calls/request.zig"),
    .graph = @import("calls/graph.zig"),
    .deployment = @import("calls/deployment.zig"),
    .queue = @import("calls/queue.zig"),
    .device = @import("calls/device.zig"),
    .simulation = @import("calls/simulation.zig"),
    .session = @import("calls/session.zig"),
    .stream = @import("calls/stream.zig"),
    .kernel = @import("calls/kernel.zig"),
    .ring = @import("calls/ring.zig"),
    .cuda_simulation = @import("calls/cuda_simulation.zig"),
    .cuda_device = @import("calls/cuda_device.zig"),
    .cuda_memory = @import("calls/cuda_memory.zig"),
    .cuda_pool = @import("calls/cuda_pool.zig"),
    .cuda_host = @import("calls/cuda_host.zig"),
    .cuda_stream = @import("calls/cuda_stream.zig"),
    .cuda_event = @import("calls/cuda_event.zig"),
    .cuda_publication = @import("calls/cuda_publication.zig"),
};

pub const supported = builtin.os.tag == .linux;

comptime {
    @setEvalBranchQuota(100_000);
    for (@typeInfo(@TypeOf(modules)).@"struct".fields) |field| {
        const module = @field(modules, field.name);
        for (@typeInfo(module).@"struct".decls) |decl| {
            if (isCall(module, decl.name)) @export(&Export(@field(module, decl.name)).call, .{ .name = "mr_" ++ field.name ++ "_" ++ decl.name });
        }
    }
    @export(&digest, .{ .name = "mr_abi_digest" });
    @export(&attach, .{ .name = "mr_thread_attach" });
}

/// A public function of the thread and of integers is a call; others are Zig's business.
pub fn isCall(comptime module: type, comptime name: []const u8) bool {
    const info = @typeInfo(@TypeOf(@field(module, name)));
    if (info != .@"fn" or info.@"fn".params.len == 0) return false;
    const result = @typeInfo(info.@"fn".return_type orelse return false);
    if (result != .error_union or result.error_union.payload != i32) return false;
    if (info.@"fn".params[0].type != *threads.Thread) return false;
    for (info.@"fn".params[1..]) |param| switch (param.type orelse return false) {
        u32, i32, f64 => {},
        else => return false,
    };
    return true;
}

fn Export(comptime function: anytype) type {
    const params = @typeInfo(@TypeOf(function)).@"fn".params[1..];
    const P = struct {
        fn at(comptime index: usize) type {
            return params[index].type.?;
        }
    };
    return switch (params.len) {
        0 => struct {
            fn call() callconv(.c) i32 {
                return enter(function, .{});
            }
        },
        1 => struct {
            fn call(a: P.at(0)) callconv(.c) i32 {
                return enter(function, .{a});
            }
        },
        2 => struct {
            fn call(a: P.at(0), b: P.at(1)) callconv(.c) i32 {
                return enter(function, .{ a, b });
            }
        },
        3 => struct {
            fn call(a: P.at(0), b: P.at(1), c: P.at(2)) callconv(.c) i32 {
                return enter(function, .{ a, b, c });
            }
        },
        4 => struct {
            fn call(a: P.at(0), b: P.at(1), c: P.at(2), d: P.at(3)) callconv(.c) i32 {
                return enter(function, .{ a, b, c, d });
            }
        },
        5 => struct {
            fn call(a: P.at(0), b: P.at(1), c: P.at(2), d: P.at(3), e: P.at(4)) callconv(.c) i32 {
                return enter(function, .{ a, b, c, d, e });
            }
        },
        6 => struct {
            fn call(a: P.at(0), b: P.at(1), c: P.at(2), d: P.at(3), e: P.at(4), f: P.at(5)) callconv(.c) i32 {
                return enter(function, .{ a, b, c, d, e, f });
            }
        },
        else => @compileError("a call takes six integers at most; wider arguments go through the block"),
    };
}

inline fn enter(comptime function: anytype, arguments: anytype) i32 {
    if (!supported) return errors.of(.unsupported_platform);
    const thread = threads.current orelse return errors.of(.not_attached);
    return @call(.auto, function, .{thread} ++ arguments) catch |err| failed(thread, err);
}

fn failed(thread: *threads.Thread, err: anyerror) i32 {
    @branchHint(.cold);
    const status = report.status(err);
    const text = report.text();
    @memcpy(thread.block.text[0..text.len], text);
    thread.block.error_length = @intCast(text.len);
    thread.block.errno = report.lastErrno();
    report.reset();
    return status;
}

/// Identifies the list of exports, the layout of the block and the error table; the loader compares it.
fn digest() callconv(.c) u32 {
    return manifest.digest;
}

pub const manifest = @import("abi/manifest.zig").of(@This());

/// The calling thread's block, made on the first call. Results: the two finalizers, for the block and for mappings.
fn attach() callconv(.c) ?*block.Block {
    if (!supported) return null;
    const thread = threads.attach() catch return null;
    thread.block.results[0] = @floatFromInt(@intFromPtr(&threadEnded));
    thread.block.results[1] = @floatFromInt(@intFromPtr(&bufferEnded));
    return &thread.block;
}

fn threadEnded(_: ?*anyopaque, context: ?*anyopaque) callconv(.c) void {
    threads.detach(@fieldParentPtr("block", @as(*block.Block, @ptrCast(@alignCast(context.?)))));
}

fn bufferEnded(_: ?*anyopaque, context: ?*anyopaque) callconv(.c) void {
    @as(*Mapping, @ptrCast(@alignCast(context.?))).release();
}
