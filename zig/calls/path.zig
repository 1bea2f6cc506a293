//! A path that JavaScript left in the block, as system calls want it.
const std = @import("std");
const report = @import("../abi/report.zig");

pub fn read(into: *[std.fs.max_path_bytes + 1]u8, text: []const u8) ![:0]const u8 {
    if (text.len == 0 or text.len > std.fs.max_path_bytes or std.mem.findScalar(u8, text, 0) != null)
        return report.fail(error.invalid_argument, "a path of {d} bytes is not usable.", .{text.len});
    @memcpy(into[0..text.len], text);
    into[text.len] = 0;
    return into[0..text.len :0];
}
