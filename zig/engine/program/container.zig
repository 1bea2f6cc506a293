//! The executable that `compileOnnx` writes (`docs/executable.md`): a header, programs as JSON, an ONNX graph. Its bytes
//! may come from anybody.
const std = @import("std");
const plans = @import("plan.zig");
const reader = @import("plan_reader.zig");
const report = @import("../../abi/report.zig");

pub const magic = "MR_EXE_1";
pub const header_size = 64;
pub const container_version = 1;
pub const step_list_version = 2;

/// Reading a plan allocates at most this many times its bytes, and `plan_memory_base`.
pub const plan_memory_factor = 48;
pub const plan_memory_base = 64 * 1024;

pub const Options = struct { check_package_hash: bool = true };

pub const Container = struct {
    arena: std.heap.ArenaAllocator,
    plan: plans.Plan,
    /// The ONNX model, inside the bytes that were given; empty when no program runs one.
    graph: []const u8,

    /// `bytes` must stay unchanged until `close`.
    pub fn open(allocator: std.mem.Allocator, bytes: []const u8, options: Options) !Container {
        const header = try Header.read(bytes);
        if (options.check_package_hash) try header.checkHash(bytes);
        var arena: std.heap.ArenaAllocator = .init(allocator);
        errdefer arena.deinit();
        const plan = try reader.read(&arena, bytes[header_size..][0..header.plan_size], header.graph_size > 0);
        return .{ .arena = arena, .plan = plan, .graph = bytes[bytes.len - header.graph_size ..] };
    }

    pub fn close(self: *Container) void {
        self.arena.deinit();
    }
};

const Header = struct {
    plan_size: usize,
    graph_size: usize,

    fn read(bytes: []const u8) !Header {
        if (bytes.len < header_size)
            return report.fail(error.invalid_executable, "an executable of {d} bytes has no room for its header of {d}.", .{ bytes.len, header_size });
        if (!std.mem.eql(u8, bytes[0..8], magic)) return foreign(bytes[0..8]);
        const container = number(u32, bytes, 8);
        const steps = number(u32, bytes, 12);
        if (container != container_version or steps != step_list_version)
            return report.fail(error.package_hash, "the executable has container version {d} and step-list version {d}; this is {d} and {d}.", .{ container, steps, container_version, step_list_version });
        const plan_size = number(u64, bytes, 16);
        const graph_size = number(u64, bytes, 24);
        if (plan_size +| graph_size != bytes.len - header_size or plan_size % 64 != 0)
            return report.fail(error.invalid_executable, "the executable has {d} bytes, but its header says {d} of plan and {d} of graph.", .{ bytes.len, plan_size, graph_size });
        return .{ .plan_size = @intCast(plan_size), .graph_size = @intCast(graph_size) };
    }

    fn checkHash(self: Header, bytes: []const u8) !void {
        const actual = packageHash(bytes[8..16].*, bytes[bytes.len - self.graph_size ..]);
        if (!std.mem.eql(u8, &actual, bytes[32..64]))
            return report.fail(error.package_hash, "the executable says package hash {x}, its content has {x}.", .{ bytes[32..64], &actual });
    }
};

fn foreign(first: *const [8]u8) anyerror {
    if (std.mem.startsWith(u8, first, "GC_EXE_"))
        return report.fail(error.invalid_executable, "a Poplar executable ({s}) needs a Poplar device.", .{first});
    return report.fail(error.invalid_executable, "the executable begins with {x}, not with {s}.", .{ first, magic });
}

/// The hash, in hexadecimal, of the two versions alone: what tells libraries apart.
pub const versions_hash: [:0]const u8 = blk: {
    @setEvalBranchQuota(100_000);
    const versions: [8]u8 = @bitCast([2]u32{ std.mem.nativeToLittle(u32, container_version), std.mem.nativeToLittle(u32, step_list_version) });
    break :blk std.fmt.comptimePrint("{x}", .{&packageHash(versions, "")});
};

/// SHA-256 of the two versions, as the container has them, and the graph.
pub fn packageHash(versions: [8]u8, graph: []const u8) [32]u8 {
    var sha: std.crypto.hash.sha2.Sha256 = .init(.{});
    sha.update(&versions);
    sha.update(graph);
    return sha.finalResult();
}

fn number(comptime T: type, bytes: []const u8, offset: usize) T {
    return std.mem.readInt(T, bytes[offset..][0..@sizeOf(T)], .little);
}
