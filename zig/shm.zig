//! Shared memory without the calls around it, for native programs such as the benchmarks.
pub const layout = @import("shm/layout.zig");
pub const context = @import("shm/context.zig");
pub const segment = @import("shm/segment.zig");
pub const publication = @import("shm/publication.zig");
pub const Mapping = @import("shm/mapping.zig").Mapping;
pub const report = @import("abi/report.zig");
