//! What a container's programs are made of (`docs/executable.md`), checked: every index below is in range, every size fits.
const std = @import("std");

pub const Tensor = struct {
    name: [:0]const u8,
    /// ONNX's `TensorProto.DataType`.
    element: u8,
    shape: []const i64,
    /// Bytes of one copy.
    size: usize,
    /// The graph's external initializer: one copy for all replicas.
    weight: bool = false,
};

pub const Stream = struct {
    handle: [:0]const u8,
    tensor: u32,
    to_device: bool,
    /// Elements that may be prefetched and not yet consumed.
    depth: u32,
    prefetch: bool,
};

pub const RemoteBuffer = struct {
    handle: [:0]const u8,
    /// Bytes of one block.
    size: usize,
    /// Blocks of one replica.
    repeats: u32,
};

pub const Graph = struct {
    inputs: []const u32 = &.{},
    outputs: []const u32 = &.{},
    weights: []const u32 = &.{},
};

/// A program is a flat list: the body of a `repeat` stands behind it and ends with `end`.
pub const Step = union(enum) {
    sync,
    /// The stream's number, as in `to_stream`.
    to_tensor: u32,
    to_stream: u32,
    graph,
    kernel: *const Kernel,
    repeat: Repeat,
    /// The index of the first step of the body.
    end: u32,
    remote_to_tensor: Remote,
    tensor_to_remote: Remote,

    /// `count` is at least 1, the body has at least one step; `after` is the index behind its `end`.
    pub const Repeat = struct { count: u64, after: u32 };
    pub const Remote = struct { buffer: u32, tensor: u32 };
};

/// One launch of a named kernel on each replica's tensors.
pub const Kernel = struct {
    name: []const u8,
    operands: []const Operand,
    scalars: []const f64,
};

/// A tensor, or a view of one, all of which lies in it.
pub const Operand = struct {
    tensor: u32,
    /// Bytes to the first element, a multiple of the element's size.
    offset: u64,
    /// As many as `strides`, which count elements.
    shape: []const u64,
    strides: []const i64,
};

pub const Program = struct {
    name: [:0]const u8,
    steps: []const Step,
    /// Streams that the steps name, each once.
    streams: []const u32,
};

pub const Numbers = std.StringHashMapUnmanaged(u32);

pub const Plan = struct {
    replicas: u32,
    tensors: []const Tensor,
    streams: []const Stream,
    /// By handle.
    stream_numbers: Numbers,
    remote_buffers: []const RemoteBuffer,
    remote_numbers: Numbers,
    graph: Graph,
    programs: []const Program,

    pub fn copiesOf(self: *const Plan, tensor: u32) u32 {
        return if (self.tensors[tensor].weight) 1 else self.replicas;
    }

    /// Bytes of tensors and prefetch buffers: what a device must have room for. Remote buffers are off-chip.
    pub fn deviceBytes(self: *const Plan) u64 {
        var total: u64 = 0;
        for (self.tensors) |tensor| total +|= @as(u64, tensor.size) *| @as(u64, if (tensor.weight) 1 else self.replicas);
        for (self.streams) |stream| {
            if (stream.prefetch) total +|= @as(u64, self.tensors[stream.tensor].size) *| stream.depth *| self.copiesOf(stream.tensor);
        }
        return total;
    }
};

/// What a plan may have. They keep hostile bytes from becoming gigabytes of bookkeeping.
pub const limits = struct {
    pub const replicas = 1024;
    pub const list = 65_536;
    pub const programs = 4096;
    /// Streams and tensors of all replicas.
    pub const copies = 1 << 18;
    pub const steps = 1 << 20;
    /// Repeats inside each other.
    pub const nesting = 8;
    pub const rank = 16;
    pub const depth = 256;
    pub const name = 1024;
    /// What a kernel takes.
    pub const operands = 8;
    pub const operand_rank = 8;
    pub const scalars = 64;
    /// The largest whole number that JavaScript writes exactly.
    pub const number = (1 << 53) - 1;
};
