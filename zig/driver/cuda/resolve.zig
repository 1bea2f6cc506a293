//! The driver's functions, found in its library. The driver itself is asked for the form that was compiled against; where
//! it cannot be asked (before 11.3), the symbol of that form is looked up.
const std = @import("std");
const api = @import("api.zig");
const report = @import("../../abi/report.zig");

/// How symbols of a library are found; tests have one without a library.
pub const Symbols = struct {
    context: *anyopaque,
    find: *const fn (context: *anyopaque, name: [*:0]const u8) ?*anyopaque,

    fn get(self: Symbols, comptime T: type, name: [:0]const u8) ?T {
        return @ptrCast(@alignCast(self.find(self.context, name.ptr) orelse return null));
    }
};

/// @return `driver_unusable`, naming the function that `path` lacks.
pub fn resolve(symbols: Symbols, path: []const u8) !api.Table {
    const query = Query.of(symbols);
    var table: api.Table = undefined;
    inline for (api.functions) |function| {
        const found = query.function(symbols, function);
        const Field = @FieldType(api.Table, function.name);
        if (found) |pointer| {
            @field(table, function.name) = @ptrCast(@alignCast(pointer));
        } else if (@typeInfo(Field) == .optional) {
            @field(table, function.name) = null;
        } else return report.fail(error.driver_unusable, "{s} has no function {s}.", .{ path, function.name });
    }
    return table;
}

const Query = union(enum) {
    with_status: api.GetProcAddress,
    without: api.GetProcAddressBefore,
    none,

    fn of(symbols: Symbols) Query {
        if (symbols.get(api.GetProcAddress, api.proc_address[0].symbol)) |ask| return .{ .with_status = ask };
        if (symbols.get(api.GetProcAddressBefore, api.proc_address[1].symbol)) |ask| return .{ .without = ask };
        return .none;
    }

    fn function(self: Query, symbols: Symbols, wanted: anytype) ?*anyopaque {
        for (wanted.forms) |form| {
            // A version above the driver's own is refused; an older form may still be there. Success without a function is
            // how it says that there is none.
            var found: ?*anyopaque = null;
            const answer = switch (self) {
                .with_status => |ask| ask(wanted.name.ptr, &found, form.version, api.types.ProcAddressFlags.default, null),
                .without => |ask| ask(wanted.name.ptr, &found, form.version, api.types.ProcAddressFlags.default),
                .none => .not_found,
            };
            if (answer == .success) if (found) |pointer| return pointer;
            // The symbol of this form and no other: the plain name may have the signature of another version.
            if (symbols.find(symbols.context, form.symbol.ptr)) |pointer| return pointer;
        }
        return null;
    }
};

/// A library of a few functions, with or without a way to ask for them.
const Fake = struct {
    has: []const []const u8,
    asked: [256]struct { name: []const u8, version: c_int } = undefined,
    count: usize = 0,
    version: c_int = 13000,

    threadlocal var current: *Fake = undefined;

    fn find(context: *anyopaque, name: [*:0]const u8) ?*anyopaque {
        const self: *Fake = @ptrCast(@alignCast(context));
        const wanted = std.mem.span(name);
        for (self.has) |has| if (std.mem.eql(u8, has, wanted)) {
            if (std.mem.eql(u8, has, "cuGetProcAddress_v2")) return @constCast(@ptrCast(&askWithStatus));
            if (std.mem.eql(u8, has, "cuGetProcAddress")) return @constCast(@ptrCast(&askWithout));
            return @ptrFromInt(0x1000);
        };
        return null;
    }

    fn askWithStatus(name: [*:0]const u8, function: *?*anyopaque, version: c_int, _: u64, _: ?*api.types.ProcAddressStatus) callconv(.c) api.Result {
        return askWithout(name, function, version, 0);
    }

    fn askWithout(name: [*:0]const u8, function: *?*anyopaque, version: c_int, _: u64) callconv(.c) api.Result {
        const self = current;
        self.asked[self.count] = .{ .name = std.mem.span(name), .version = version };
        self.count += 1;
        function.* = null;
        if (version > self.version) return .invalid_value;
        // This driver is without pools.
        if (!std.mem.startsWith(u8, std.mem.span(name), "cuMemPool")) function.* = @ptrFromInt(0x2000);
        return .success;
    }

    fn symbols(self: *Fake) Symbols {
        current = self;
        return .{ .context = self, .find = find };
    }
};

const all_plain = list: {
    @setEvalBranchQuota(100_000);
    var names: [api.functions.len][]const u8 = undefined;
    for (api.functions, &names) |function, *name| name.* = function.forms[0].symbol;
    const fixed = names;
    break :list fixed;
};

test "each function is asked for by its plain name, with the version that was compiled against" {
    for ([_][]const u8{ "cuGetProcAddress_v2", "cuGetProcAddress" }) |way| {
        var fake: Fake = .{ .has = &.{way} };
        const table = try resolve(fake.symbols(), "fake");
        try std.testing.expectEqual(0x2000, @intFromPtr(table.cuMemAlloc));
        try std.testing.expectEqual(null, table.cuMemPoolCreate);
        for (fake.asked[0..fake.count]) |asked| {
            if (std.mem.eql(u8, asked.name, "cuMemAlloc")) try std.testing.expectEqual(3020, asked.version);
        }
    }
}

test "a driver that is older than the newest form gives the older one" {
    var fake: Fake = .{ .has = &.{"cuGetProcAddress_v2"}, .version = 12000 };
    _ = try resolve(fake.symbols(), "fake");
    var versions: [2]c_int = undefined;
    var count: usize = 0;
    for (fake.asked[0..fake.count]) |asked| if (std.mem.eql(u8, asked.name, "cuEventElapsedTime")) {
        versions[count] = asked.version;
        count += 1;
    };
    try std.testing.expectEqualSlices(c_int, &.{ 12080, 2000 }, versions[0..count]);
}

test "without a way to ask, functions are looked up by the symbols of their forms" {
    var fake: Fake = .{ .has = &all_plain };
    const table = try resolve(fake.symbols(), "fake");
    try std.testing.expectEqual(0x1000, @intFromPtr(table.cuMemAlloc));
    try std.testing.expectEqual(0x1000, @intFromPtr(table.cuMemPoolCreate.?));
}

test "a library without a function that is needed is unusable, and named" {
    report.reset();
    var fake: Fake = .{ .has = &.{} };
    try std.testing.expectError(error.driver_unusable, resolve(fake.symbols(), "libother.so"));
    try std.testing.expectEqualStrings("libother.so has no function cuInit.", report.text());
}
