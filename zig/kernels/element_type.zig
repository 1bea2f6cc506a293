//! Element types by ONNX's numbers, as everywhere on the boundary.
const std = @import("std");
const report = @import("../abi/report.zig");

pub const ElementType = enum(u32) {
    float32 = 1,
    uint8 = 2,
    int8 = 3,
    uint16 = 4,
    int16 = 5,
    int32 = 6,
    int64 = 7,
    bool = 9,
    float16 = 10,
    float64 = 11,
    uint32 = 12,
    uint64 = 13,
    bfloat16 = 16,
    float8_e4m3fn = 17,
    float8_e4m3fnuz = 18,
    float8_e5m2 = 19,
    float8_e5m2fnuz = 20,

    pub fn of(number: u64) !ElementType {
        const narrow = std.math.cast(u32, number) orelse return unknown(number);
        return std.enums.fromInt(ElementType, narrow) orelse unknown(number);
    }

    fn unknown(number: u64) anyerror {
        return report.fail(error.invalid_dtype, "{d} is the number of no element type.", .{number});
    }

    pub fn size(self: ElementType) u64 {
        return switch (self) {
            .uint8, .int8, .bool, .float8_e4m3fn, .float8_e4m3fnuz, .float8_e5m2, .float8_e5m2fnuz => 1,
            .uint16, .int16, .float16, .bfloat16 => 2,
            .float32, .int32, .uint32 => 4,
            .int64, .float64, .uint64 => 8,
        };
    }

    pub fn isInteger(self: ElementType) bool {
        return switch (self) {
            .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64 => true,
            else => false,
        };
    }

    /// Bools and 8-bit floats are only stored.
    pub fn isArithmetic(self: ElementType) bool {
        return self.isInteger() or switch (self) {
            .float16, .bfloat16, .float32, .float64 => true,
            else => false,
        };
    }
};
