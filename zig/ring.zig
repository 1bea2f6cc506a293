//! Rings without the calls around them, for native programs such as the benchmarks.
pub const layout = @import("ring/layout.zig");
pub const Native = @import("ring/native.zig").Native;
pub const Producer = @import("ring/producer.zig").Producer(Native);
pub const Consumer = @import("ring/consumer.zig").Consumer(Native);
pub const Spsc = @import("ring/spsc.zig").Spsc;
