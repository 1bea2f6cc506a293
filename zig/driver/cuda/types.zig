//! Types and flags of the CUDA driver API, as far as it is used here; numbers are those of its header.

pub const Device = c_int;
/// An address in the memory of a device.
pub const Pointer = u64;
pub const Context = opaque {};
pub const Stream = opaque {};
pub const Event = opaque {};
pub const Module = opaque {};
pub const Function = opaque {};
pub const MemPool = opaque {};

pub const Uuid = extern struct { bytes: [16]u8 };
/// Opaque, and passed by value.
pub const IpcMemHandle = extern struct { reserved: [64]u8 };
pub const IpcEventHandle = extern struct { reserved: [64]u8 };

/// How a thread waits for the device.
pub const ContextFlags = struct {
    pub const auto: c_uint = 0;
    pub const spin: c_uint = 1;
    pub const yield: c_uint = 2;
    pub const blocking_sync: c_uint = 4;
};

pub const StreamFlags = struct {
    pub const default: c_uint = 0;
    /// Does not wait for the legacy default stream.
    pub const non_blocking: c_uint = 1;
};

pub const EventFlags = struct {
    pub const default: c_uint = 0;
    pub const blocking_sync: c_uint = 1;
    pub const disable_timing: c_uint = 2;
    /// Needs `disable_timing`.
    pub const interprocess: c_uint = 4;
};

pub const HostAllocFlags = struct {
    pub const portable: c_uint = 1;
    pub const device_map: c_uint = 2;
    pub const write_combined: c_uint = 4;
};

pub const HostRegisterFlags = struct {
    pub const portable: c_uint = 1;
    pub const device_map: c_uint = 2;
    pub const io_memory: c_uint = 4;
    /// For mappings that the process cannot write; see `Attribute.read_only_host_register_supported`.
    pub const read_only: c_uint = 8;
};

/// The only flag of cuIpcOpenMemHandle, which has to be given.
pub const ipc_lazy_enable_peer_access: c_uint = 1;

/// Flags of cuGetProcAddress.
pub const ProcAddressFlags = struct {
    pub const default: u64 = 0;
    pub const legacy_stream: u64 = 1;
    pub const per_thread_default_stream: u64 = 2;
};

/// What cuGetProcAddress_v2 says of a symbol.
pub const ProcAddressStatus = enum(c_int) { found = 0, not_found = 1, version_not_sufficient = 2, _ };

pub const Attribute = enum(c_int) {
    max_threads_per_block = 1,
    max_block_dim_x = 2,
    max_block_dim_y = 3,
    max_block_dim_z = 4,
    max_grid_dim_x = 5,
    max_grid_dim_y = 6,
    max_grid_dim_z = 7,
    max_shared_memory_per_block = 8,
    total_constant_memory = 9,
    warp_size = 10,
    max_registers_per_block = 12,
    /// kHz.
    clock_rate = 13,
    multiprocessor_count = 16,
    integrated = 18,
    can_map_host_memory = 19,
    compute_mode = 20,
    concurrent_kernels = 31,
    pci_bus_id = 33,
    pci_device_id = 34,
    /// kHz.
    memory_clock_rate = 36,
    /// Bits.
    global_memory_bus_width = 37,
    l2_cache_size = 38,
    max_threads_per_multiprocessor = 39,
    async_engine_count = 40,
    unified_addressing = 41,
    pci_domain_id = 50,
    compute_capability_major = 75,
    compute_capability_minor = 76,
    stream_priorities_supported = 78,
    managed_memory = 83,
    pageable_memory_access = 88,
    can_use_host_pointer_for_registered_mem = 91,
    host_register_supported = 99,
    pageable_memory_access_uses_host_page_tables = 100,
    read_only_host_register_supported = 113,
    memory_pools_supported = 115,
    mempool_supported_handle_types = 119,
    ipc_event_supported = 125,
    _,
};

pub const PointerAttribute = enum(c_int) {
    /// *Context.
    context = 1,
    /// MemoryType, as c_uint.
    memory_type = 2,
    /// Pointer.
    device_pointer = 3,
    /// ?*anyopaque.
    host_pointer = 4,
    /// u64, another one for each allocation of a process.
    buffer_id = 7,
    /// c_int.
    device_ordinal = 9,
    /// c_int: whether cuIpcGetMemHandle takes it.
    is_legacy_cuda_ipc_capable = 10,
    /// Pointer.
    range_start_addr = 11,
    /// usize.
    range_size = 12,
    /// c_int.
    mapped = 13,
    /// ?*MemPool.
    mempool_handle = 17,
    _,
};

pub const MemoryType = enum(c_uint) { host = 1, device = 2, array = 3, unified = 4, _ };

pub const MemPoolAttribute = enum(c_int) {
    /// c_int each.
    reuse_follow_event_dependencies = 1,
    reuse_allow_opportunistic = 2,
    reuse_allow_internal_dependencies = 3,
    /// u64 each. The pool keeps this much when it gives memory back at a synchronisation.
    release_threshold = 4,
    reserved_mem_current = 5,
    /// Only 0 can be set: the high water mark begins anew.
    reserved_mem_high = 6,
    used_mem_current = 7,
    /// As `reserved_mem_high`.
    used_mem_high = 8,
    _,
};

pub const MemAllocationType = enum(c_int) { invalid = 0, pinned = 1, _ };
pub const MemLocationType = enum(c_int) { invalid = 0, device = 1, _ };
/// A set of bits: none, or a file descriptor of POSIX.
pub const MemHandleType = enum(c_int) { none = 0, posix_file_descriptor = 1, _ };

pub const MemLocation = extern struct { type: MemLocationType, id: c_int };

pub const MemPoolProps = extern struct {
    alloc_type: MemAllocationType = .pinned,
    handle_types: MemHandleType = .none,
    location: MemLocation,
    win32_security_attributes: ?*anyopaque = null,
    /// 0: what the system allows. Drivers before 12.2 ignore it.
    max_size: usize = 0,
    usage: u16 = 0,
    reserved: [54]u8 = @splat(0),
};

/// Markers of the last argument of cuLaunchKernel.
pub const launch_param_end: ?*anyopaque = null;
pub const launch_param_buffer_pointer: ?*anyopaque = @ptrFromInt(1);
pub const launch_param_buffer_size: ?*anyopaque = @ptrFromInt(2);

/// Options of cuModuleLoadDataEx; values are pointers or numbers in the place of pointers.
pub const JitOption = enum(c_int) {
    info_log_buffer = 3,
    info_log_buffer_size_bytes = 4,
    error_log_buffer = 5,
    error_log_buffer_size_bytes = 6,
    _,
};

comptime {
    if (@sizeOf(MemPoolProps) != 88) @compileError("CUmemPoolProps has 88 bytes");
    if (@sizeOf(IpcMemHandle) != 64 or @sizeOf(IpcEventHandle) != 64) @compileError("IPC handles have 64 bytes");
}
