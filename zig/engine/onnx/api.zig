//! ONNX Runtime's C API as far as we use it. The library hands out one table of function pointers; it is append-only
//! since release 1.0, so a slot number, once right, stays right. The numbers were read from the public header
//! (`onnxruntime_c_api.h`) and every one below is executed by the tests of this folder.
const std = @import("std");

pub const Env = opaque {};
pub const Status = opaque {};
pub const Session = opaque {};
pub const SessionOptions = opaque {};
pub const RunOptions = opaque {};
pub const Value = opaque {};
pub const MemoryInfo = opaque {};
pub const Allocator = opaque {};
pub const TypeInfo = opaque {};
pub const TensorInfo = opaque {};
/// A provider and a device that it can use.
pub const ProviderDevice = opaque {};
pub const Pairs = opaque {};

/// The lowest level we ask for: everything below exists there, and releases before 1.16 are three years old.
pub const lowest_level = 16;

/// `OrtMemoryInfoDeviceType`
pub const MemoryDevice = enum(c_int) { cpu, gpu, fpga, npu, _ };

/// From here on there are providers in libraries of their own (1.22; the CUDA one asks for 1.24.4).
pub const provider_level = 24;

pub const Base = extern struct {
    getApi: *const fn (level: u32) callconv(.c) ?[*]const *const anyopaque,
    getVersionString: *const fn () callconv(.c) [*:0]const u8,
};

/// What a model's input or output is (`ONNXType`).
pub const ValueKind = enum(c_int) { unknown, tensor, sequence, map, @"opaque", sparse_tensor, optional, _ };

pub const Function = enum(usize) {
    error_message = 2,
    create_env = 3,
    create_session = 7,
    create_session_from_array = 8,
    run = 9,
    create_session_options = 10,
    optimized_model_path = 11,
    disable_memory_pattern = 17,
    disable_cpu_arena = 19,
    set_intra_op_threads = 24,
    set_inter_op_threads = 25,
    input_count = 30,
    output_count = 31,
    input_type = 33,
    output_type = 34,
    input_name = 36,
    output_name = 37,
    create_run_options = 39,
    terminate_run = 46,
    unset_terminate_run = 47,
    create_tensor_with_data = 49,
    is_tensor = 50,
    tensor_data = 51,
    type_as_tensor = 55,
    type_kind = 56,
    element_type = 60,
    dimension_count = 61,
    dimensions = 62,
    symbolic_dimensions = 63,
    tensor_info = 65,
    memory_info = 68,
    cpu_memory_info = 69,
    allocator_free = 76,
    default_allocator = 78,
    release_status = 93,
    release_memory_info = 94,
    release_session = 95,
    release_value = 96,
    release_run_options = 97,
    release_type_info = 98,
    release_tensor_info = 99,
    release_session_options = 100,
    add_session_config = 130,
    tensor_memory = 194,
    add_external_initializers = 210,
    memory_device = 225,
    pair_value = 297,
    register_provider = 301,
    provider_devices = 303,
    append_provider = 304,
    provider_name = 312,
    provider_metadata = 314,

    fn Signature(comptime function: Function) type {
        return switch (function) {
            .error_message => fn (*const Status) callconv(.c) [*:0]const u8,
            .create_env => fn (severity: c_int, log_id: [*:0]const u8, *?*Env) callconv(.c) ?*Status,
            .create_session => fn (*Env, path: [*:0]const u8, *const SessionOptions, *?*Session) callconv(.c) ?*Status,
            .create_session_from_array => fn (*Env, bytes: [*]const u8, size: usize, *const SessionOptions, *?*Session) callconv(.c) ?*Status,
            .add_external_initializers => fn (
                *SessionOptions,
                names: [*]const [*:0]const u8,
                values: [*]const ?*const Value,
                count: usize,
            ) callconv(.c) ?*Status,
            .run => fn (
                *Session,
                ?*const RunOptions,
                input_names: [*]const [*:0]const u8,
                inputs: [*]const ?*const Value,
                input_count: usize,
                output_names: [*]const [*:0]const u8,
                output_count: usize,
                outputs: [*]?*Value,
            ) callconv(.c) ?*Status,
            .create_session_options => fn (*?*SessionOptions) callconv(.c) ?*Status,
            .optimized_model_path => fn (*SessionOptions, path: [*:0]const u8) callconv(.c) ?*Status,
            .disable_memory_pattern, .disable_cpu_arena => fn (*SessionOptions) callconv(.c) ?*Status,
            .set_intra_op_threads, .set_inter_op_threads => fn (*SessionOptions, count: c_int) callconv(.c) ?*Status,
            .add_session_config => fn (*SessionOptions, key: [*:0]const u8, value: [*:0]const u8) callconv(.c) ?*Status,
            .input_count, .output_count => fn (*const Session, *usize) callconv(.c) ?*Status,
            .input_type, .output_type => fn (*const Session, index: usize, *?*TypeInfo) callconv(.c) ?*Status,
            .input_name, .output_name => fn (*const Session, index: usize, *Allocator, *?[*:0]u8) callconv(.c) ?*Status,
            .create_run_options => fn (*?*RunOptions) callconv(.c) ?*Status,
            .terminate_run, .unset_terminate_run => fn (*RunOptions) callconv(.c) ?*Status,
            .create_tensor_with_data => fn (
                *const MemoryInfo,
                data: *anyopaque,
                size_bytes: usize,
                shape: [*]const i64,
                rank: usize,
                element: c_int,
                *?*Value,
            ) callconv(.c) ?*Status,
            .is_tensor => fn (*const Value, *c_int) callconv(.c) ?*Status,
            .tensor_data => fn (*Value, *?*anyopaque) callconv(.c) ?*Status,
            .type_as_tensor => fn (*const TypeInfo, *?*const TensorInfo) callconv(.c) ?*Status,
            .type_kind => fn (*const TypeInfo, *ValueKind) callconv(.c) ?*Status,
            .element_type => fn (*const TensorInfo, *c_int) callconv(.c) ?*Status,
            .dimension_count => fn (*const TensorInfo, *usize) callconv(.c) ?*Status,
            .dimensions => fn (*const TensorInfo, [*]i64, rank: usize) callconv(.c) ?*Status,
            .symbolic_dimensions => fn (*const TensorInfo, [*]?[*:0]const u8, rank: usize) callconv(.c) ?*Status,
            .tensor_info => fn (*const Value, *?*TensorInfo) callconv(.c) ?*Status,
            .memory_info => fn (name: [*:0]const u8, allocator_type: c_int, device: c_int, memory_type: c_int, *?*MemoryInfo) callconv(.c) ?*Status,
            .cpu_memory_info => fn (allocator_type: c_int, memory_type: c_int, *?*MemoryInfo) callconv(.c) ?*Status,
            .allocator_free => fn (*Allocator, *anyopaque) callconv(.c) ?*Status,
            .default_allocator => fn (*?*Allocator) callconv(.c) ?*Status,
            .tensor_memory => fn (*const Value, *?*const MemoryInfo) callconv(.c) ?*Status,
            .memory_device => fn (*const MemoryInfo, *MemoryDevice) callconv(.c) void,
            .pair_value => fn (*const Pairs, key: [*:0]const u8) callconv(.c) ?[*:0]const u8,
            .register_provider => fn (*Env, name: [*:0]const u8, path: [*:0]const u8) callconv(.c) ?*Status,
            .provider_devices => fn (*const Env, *?[*]const *const ProviderDevice, count: *usize) callconv(.c) ?*Status,
            .append_provider => fn (
                *SessionOptions,
                *Env,
                devices: [*]const *const ProviderDevice,
                device_count: usize,
                option_keys: ?[*]const [*:0]const u8,
                option_values: ?[*]const [*:0]const u8,
                option_count: usize,
            ) callconv(.c) ?*Status,
            .provider_name => fn (*const ProviderDevice) callconv(.c) [*:0]const u8,
            .provider_metadata => fn (*const ProviderDevice) callconv(.c) ?*const Pairs,
            .release_status => fn (*Status) callconv(.c) void,
            .release_memory_info => fn (*MemoryInfo) callconv(.c) void,
            .release_session => fn (*Session) callconv(.c) void,
            .release_value => fn (*Value) callconv(.c) void,
            .release_run_options => fn (*RunOptions) callconv(.c) void,
            .release_type_info => fn (*TypeInfo) callconv(.c) void,
            .release_tensor_info => fn (*TensorInfo) callconv(.c) void,
            .release_session_options => fn (*SessionOptions) callconv(.c) void,
        };
    }
};

pub const Table = struct {
    slots: [*]const *const anyopaque,

    /// `table.at(.run)(…)`
    pub inline fn at(self: Table, comptime function: Function) *const Function.Signature(function) {
        return @ptrCast(@alignCast(self.slots[@intFromEnum(function)]));
    }
};

/// Release 1.N.x implements level N. Asking for more than that makes the library print to stderr, so we read its
/// version first. Null for a text that is no version.
pub fn levelOfVersion(version: []const u8) ?u32 {
    var parts = std.mem.splitScalar(u8, version, '.');
    const major = std.fmt.parseInt(u32, parts.first(), 10) catch return null;
    const minor = std.fmt.parseInt(u32, parts.next() orelse return null, 10) catch return null;
    return if (major == 1) minor else null;
}

test "the level is the minor version" {
    try std.testing.expectEqual(30, levelOfVersion("1.30.0").?);
    try std.testing.expectEqual(9, levelOfVersion("1.9.1-dev").?);
    for ([_][]const u8{ "", "1", "2.1.0", "x.y.z" }) |text| try std.testing.expectEqual(null, levelOfVersion(text));
}
