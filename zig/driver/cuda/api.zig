//! The CUDA driver API, as far as it is used here. No header and no library is needed to build.
const table = @import("table.zig");
const symbols = @import("symbols.zig");

pub const types = @import("types.zig");
pub const Result = @import("result.zig").Result;
pub const Table = table.Table;
pub const GetProcAddress = table.GetProcAddress;
pub const GetProcAddressBefore = table.GetProcAddressBefore;
pub const functions = symbols.functions;
pub const proc_address = symbols.proc_address;

test {
    _ = @import("result.zig");
    _ = symbols;
}
