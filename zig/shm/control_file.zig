//! The file that a job's tables are in: made under another name, and renamed when its header is whole.
const std = @import("std");
const linux = std.os.linux;
const layout = @import("layout.zig");
const file = @import("../os/file.zig");
const identity = @import("../os/identity.zig");
const report = @import("../abi/report.zig");
const switches = @import("../os/switches.zig");
const Directory = @import("directory.zig").Directory;
const space = @import("space.zig");

const flags: linux.O = .{ .ACCMODE = .RDWR, .CLOEXEC = true, .NOFOLLOW = true };

/// The job's control file, made if need be. Under the directory's lock.
pub fn open(place: *const Directory, job: []const u8) !file.Fd {
    return try file.openExisting(place.fd, "control", flags) orelse make(place, job);
}

fn make(place: *const Directory, job: []const u8) !file.Fd {
    _ = linux.unlinkat(place.fd, "control.new", 0);
    const fd = try file.openNew(place.fd, "control.new");
    errdefer file.close(fd);
    switches.step("control_created");
    _ = try file.check(linux.ftruncate(fd, @sizeOf(layout.Control)), "ftruncate", "the control file");
    try space.reserve(fd, 0, layout.page * 2);
    try space.reserve(fd, @offsetOf(layout.Control, "index"), @sizeOf(u32) * layout.index_max);
    try space.reserve(fd, @offsetOf(layout.Control, "processes"), @sizeOf([layout.processes_max]layout.Process));
    const control = try map(fd);
    defer unmap(control);
    const header = &control.header;
    header.magic = layout.magic;
    header.version = layout.version;
    header.boot_id = identity.bootId();
    header.job_name_length = @intCast(job.len);
    @memcpy(header.job_name[0..job.len], job);
    header.next_file = 1;
    header.next_stamp = 1;
    switches.step("control_written");
    _ = try file.check(linux.renameat(place.fd, "control.new", place.fd, "control"), "rename", "the control file");
    switches.step("control_named");
    return fd;
}

pub fn map(fd: file.Fd) !*layout.Control {
    const found = (try file.facts(fd, "")).?;
    if (found.size != @sizeOf(layout.Control)) return report.fail(error.wrong_version, "the control file has {d} bytes, not {d}.", .{ found.size, @sizeOf(layout.Control) });
    const result = linux.mmap(null, @sizeOf(layout.Control), .{ .READ = true, .WRITE = true }, .{ .TYPE = .SHARED, .NORESERVE = true }, fd, 0);
    const address = try file.check(result, "mmap", "the control file");
    _ = linux.madvise(@ptrFromInt(address), @sizeOf(layout.Control), linux.MADV.DONTDUMP);
    return @ptrFromInt(address);
}

pub fn unmap(control: *layout.Control) void {
    _ = linux.munmap(@ptrCast(control), @sizeOf(layout.Control));
}

pub fn verify(header: *const layout.Header, job: []const u8) !void {
    if (!std.mem.eql(u8, &header.magic, &layout.magic)) return report.fail(error.corrupt, "the control file does not begin with its magic.", .{});
    if (header.version != layout.version) return report.fail(error.wrong_version, "the context has layout {d}, this library {d}.", .{ header.version, layout.version });
    const length = header.job_name_length;
    if (length > layout.job_name_max or !std.mem.eql(u8, header.job_name[0..length], job))
        return report.fail(error.corrupt, "the control file belongs to another job.", .{});
}
