//! Durations in fixed memory. Buckets grow with the value, 32 to each doubling, and a percentile is the middle of its bucket:
//! at most 1.6 % off (the layout is that of Gil Tene's HdrHistogram).
const std = @import("std");

const bits = 5;
const per_doubling = 1 << bits;
/// Everything a u64 of nanoseconds can hold.
const buckets = (64 - bits) * per_doubling + per_doubling;

pub const Histogram = struct {
    counts: [buckets]u64,
    total: u64,
    sum: u128,

    /// In place: it is too large for a small stack.
    pub fn clear(self: *Histogram) void {
        @memset(&self.counts, 0);
        self.total = 0;
        self.sum = 0;
    }

    pub fn add(self: *Histogram, value: u64) void {
        self.counts[bucketOf(value)] += 1;
        self.total += 1;
        self.sum += value;
    }

    pub fn mean(self: *const Histogram) f64 {
        if (self.total == 0) return 0;
        return @as(f64, @floatFromInt(self.sum)) / @as(f64, @floatFromInt(self.total));
    }

    /// The smallest value that at least `quantile` of all are not above; 0 of none.
    pub fn percentile(self: *const Histogram, quantile: f64) f64 {
        if (self.total == 0) return 0;
        const wanted: u64 = @intFromFloat(@ceil(std.math.clamp(quantile, 0, 1) * @as(f64, @floatFromInt(self.total))));
        var seen: u64 = 0;
        for (self.counts, 0..) |count, bucket| {
            seen += count;
            if (seen >= @max(1, wanted)) return middleOf(bucket);
        }
        unreachable;
    }
};

fn bucketOf(value: u64) usize {
    if (value < 2 * per_doubling) return @intCast(value);
    const exponent: u6 = @intCast(63 - @clz(value) - bits);
    return @as(usize, exponent) * per_doubling + @as(usize, @intCast(value >> exponent));
}

fn middleOf(bucket: usize) f64 {
    if (bucket < 2 * per_doubling) return @floatFromInt(bucket);
    const exponent: u6 = @intCast(bucket / per_doubling - 1);
    const low = @as(f64, @floatFromInt(bucket % per_doubling + per_doubling));
    const width = @as(f64, @floatFromInt(@as(u64, 1) << exponent));
    return (low + 0.5) * width;
}

test "every value has a bucket whose middle is at most 1.6 percent off" {
    var random = std.Random.DefaultPrng.init(5);
    for (0..100_000) |_| {
        const value = random.random().int(u64) >> @intCast(random.random().uintLessThan(u7, 64));
        const middle = middleOf(bucketOf(value));
        const exact: f64 = @floatFromInt(value);
        try std.testing.expect(@abs(middle - exact) <= exact * 0.016);
    }
    try std.testing.expectEqual(buckets - 1, bucketOf(std.math.maxInt(u64)));
}

test "percentiles of what was added are within the error, and the mean is exact" {
    var histogram: Histogram = undefined;
    histogram.clear();
    try std.testing.expectEqual(0, histogram.percentile(0.5));
    for (1..10_001) |value| histogram.add(value);
    for ([_]f64{ 0.0001, 0.1, 0.5, 0.9, 0.99, 1 }) |quantile| {
        const exact = quantile * 10_000;
        try std.testing.expect(@abs(histogram.percentile(quantile) - exact) <= exact * 0.016 + 1);
    }
    try std.testing.expectEqual(5000.5, histogram.mean());
}
