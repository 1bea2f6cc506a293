//! CUresult: what every function of the driver returns.
const std = @import("std");

/// Tag `x` is `CUDA_ERROR_X`; `success` is `CUDA_SUCCESS`. A driver may return numbers that are not here.
pub const Result = enum(c_int) {
    success = 0,
    invalid_value = 1,
    out_of_memory = 2,
    not_initialized = 3,
    deinitialized = 4,
    stub_library = 34,
    device_unavailable = 46,
    no_device = 100,
    invalid_device = 101,
    device_not_licensed = 102,
    invalid_image = 200,
    invalid_context = 201,
    map_failed = 205,
    unmap_failed = 206,
    already_mapped = 208,
    no_binary_for_gpu = 209,
    not_mapped = 211,
    ecc_uncorrectable = 214,
    unsupported_limit = 215,
    context_already_in_use = 216,
    peer_access_unsupported = 217,
    invalid_ptx = 218,
    nvlink_uncorrectable = 220,
    jit_compiler_not_found = 221,
    unsupported_ptx_version = 222,
    jit_compilation_disabled = 223,
    contained = 226,
    invalid_source = 300,
    file_not_found = 301,
    shared_object_symbol_not_found = 302,
    shared_object_init_failed = 303,
    operating_system = 304,
    invalid_handle = 400,
    illegal_state = 401,
    not_found = 500,
    not_ready = 600,
    illegal_address = 700,
    launch_out_of_resources = 701,
    launch_timeout = 702,
    peer_access_already_enabled = 704,
    peer_access_not_enabled = 705,
    primary_context_active = 708,
    context_is_destroyed = 709,
    assert = 710,
    host_memory_already_registered = 712,
    host_memory_not_registered = 713,
    hardware_stack_error = 714,
    illegal_instruction = 715,
    misaligned_address = 716,
    invalid_address_space = 717,
    invalid_pc = 718,
    launch_failed = 719,
    cooperative_launch_too_large = 720,
    tensor_memory_leak = 721,
    not_permitted = 800,
    not_supported = 801,
    system_not_ready = 802,
    system_driver_mismatch = 803,
    compat_not_supported_on_device = 804,
    mps_connection_failed = 805,
    mps_rpc_failure = 806,
    mps_server_not_ready = 807,
    mps_max_clients_reached = 808,
    mps_max_connections_reached = 809,
    mps_client_terminated = 810,
    timeout = 909,
    external_device = 911,
    unknown = 999,
    _,

    /// After it every call that uses the context fails, until the process ends.
    pub fn isSticky(self: Result) bool {
        return switch (self) {
            .contained,
            .illegal_address,
            .launch_timeout,
            .context_is_destroyed,
            .assert,
            .hardware_stack_error,
            .illegal_instruction,
            .misaligned_address,
            .invalid_address_space,
            .invalid_pc,
            .launch_failed,
            .tensor_memory_leak,
            .mps_client_terminated,
            .external_device,
            => true,
            else => false,
        };
    }

    /// The name of the header, or null when the number is not known here.
    pub fn name(self: Result) ?[:0]const u8 {
        switch (self) {
            _ => return null,
            inline else => |tag| {
                const spelt = comptime spelling(@tagName(tag));
                return spelt;
            },
        }
    }

    fn spelling(comptime tag: []const u8) [:0]const u8 {
        comptime {
            @setEvalBranchQuota(10_000);
            if (std.mem.eql(u8, tag, "success")) return "CUDA_SUCCESS";
            var upper: [tag.len]u8 = undefined;
            for (tag, &upper) |from, *to| to.* = std.ascii.toUpper(from);
            const fixed = upper;
            return "CUDA_ERROR_" ++ fixed;
        }
    }
};

test "a result has the name of the header" {
    for ([_]struct { Result, []const u8 }{
        .{ .success, "CUDA_SUCCESS" },
        .{ .out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY" },
        .{ .no_binary_for_gpu, "CUDA_ERROR_NO_BINARY_FOR_GPU" },
    }) |case| try std.testing.expectEqualStrings(case[1], case[0].name().?);
    try std.testing.expectEqual(null, @as(Result, @enumFromInt(12345)).name());
}

test "what leaves the process inconsistent is sticky, and what can be done again is not" {
    for ([_]c_int{ 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911 }) |code| try std.testing.expect(@as(Result, @enumFromInt(code)).isSticky());
    for ([_]c_int{ 0, 1, 2, 201, 400, 600, 712, 713, 801, 12345 }) |code| try std.testing.expect(!@as(Result, @enumFromInt(code)).isSticky());
}
