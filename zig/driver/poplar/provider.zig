//! The functions of `shim.h` over the program engine, for any kind of devices. `Devices` has:
//!
//!     pub const Device                                       one device, owned by whoever opened it
//!     pub fn count() !u32
//!     pub fn describe(id: u32, info: *DeviceInfo) !void
//!     pub fn children(id: u32, ids: []u32) !void
//!     pub fn holder(id: u32) !i32                            pid, 0: nobody
//!     pub fn open(id: u32, options: []const Option) !*Device
//!     pub fn createModel(ipu_version: i32, num_ipus: u32, tiles_per_ipu: u32, options: []const Option) !*Device
//!     pub fn infoOf(device: *const Device, info: *DeviceInfo) void
//!     pub fn attach(device: *Device) !bool                   false: another owner has it
//!     pub fn detach(device: *Device) !void
//!     pub fn reset(device: *Device) !void
//!     pub fn close(device: *Device) void                     detaches
//!     pub fn load(device: *Device, engine: *Engine) !void    `engine.load()`, when the device is attached and has room
//!     pub fn run(device: *Device, engine: *Engine, program: u32) !void      `engine.run(program, hooks)`
//!
//! Errors are those of `statusOf`, said with `report.fail` or `raise`.
const std = @import("std");
const poplar = @import("table.zig");
const containers = @import("../../engine/program/container.zig");
const failures = @import("failure.zig");
const report = @import("../../abi/report.zig");
const Loading = @import("loading.zig").Loading;
const Status = poplar.Status;

const version_text = std.fmt.comptimePrint("millrace {d}.{d}", .{ containers.container_version, containers.step_list_version });

pub fn Provider(comptime Devices: type) type {
    return struct {
        /// For use in this process.
        pub const table: poplar.Table = blk: {
            var made: poplar.Table = undefined;
            for (@typeInfo(poplar.Table).@"struct".fields) |field| @field(made, field.name) = &@field(Functions, field.name);
            break :blk made;
        };

        /// For a shared library: exports each as `mrp_…`.
        pub fn exportAll() void {
            comptime for (@typeInfo(poplar.Table).@"struct".fields) |field| @export(&@field(Functions, field.name), .{ .name = "mrp_" ++ field.name });
        }

        pub const liveExecutables = loading.liveExecutables;
        pub const liveEngines = loading.liveEngines;

        const loading = Loading(Devices);

        fn deviceOf(device: *const poplar.Device) *loading.Device {
            return @ptrCast(@alignCast(@constCast(device)));
        }

        fn engineOf(engine: *const poplar.Engine) *loading.Engine {
            return @ptrCast(@alignCast(@constCast(engine)));
        }

        fn executableOf(executable: *poplar.Executable) *loading.Executable {
            return @ptrCast(@alignCast(executable));
        }

        /// What was opened, for the caller; nothing when it failed.
        fn give(out: anytype, opened: anytype) Status {
            out.* = if (opened) |object| @ptrCast(object) else |err| {
                out.* = null;
                return failures.keep(err);
            };
            return .ok;
        }

        fn openDevice(opened: anyerror!*Devices.Device) !*loading.Device {
            return loading.Device.create(try opened);
        }

        fn done(result: anyerror!void) Status {
            result catch |err| return failures.keep(err);
            return .ok;
        }

        const Functions = struct {
            pub fn abi_version() callconv(.c) i32 {
                return poplar.abi_version;
            }

            pub fn last_error(out: *poplar.Error) callconv(.c) void {
                out.* = failures.last;
            }

            pub fn package_hash() callconv(.c) [*:0]const u8 {
                return containers.versions_hash;
            }

            pub fn version() callconv(.c) [*:0]const u8 {
                return version_text;
            }

            pub fn device_count(count: *u32) callconv(.c) Status {
                count.* = Devices.count() catch |err| return failures.keep(err);
                return .ok;
            }

            pub fn device_describe(id: u32, info: *poplar.DeviceInfo) callconv(.c) Status {
                return done(Devices.describe(id, info));
            }

            pub fn device_children(id: u32, ids: [*]u32, ids_max: u32) callconv(.c) Status {
                return done(Devices.children(id, ids[0..ids_max]));
            }

            pub fn device_holder(id: u32, process: *i32) callconv(.c) Status {
                process.* = Devices.holder(id) catch |err| return failures.keep(err);
                return .ok;
            }

            pub fn device_open(id: u32, options: [*]const poplar.Option, count: usize, out: *?*poplar.Device) callconv(.c) Status {
                return give(out, openDevice(Devices.open(id, options[0..count])));
            }

            pub fn device_create_model(
                ipu_version: i32,
                num_ipus: u32,
                tiles_per_ipu: u32,
                options: [*]const poplar.Option,
                count: usize,
                out: *?*poplar.Device,
            ) callconv(.c) Status {
                return give(out, openDevice(Devices.createModel(ipu_version, num_ipus, tiles_per_ipu, options[0..count])));
            }

            pub fn device_info_of(device: *const poplar.Device, info: *poplar.DeviceInfo) callconv(.c) Status {
                Devices.infoOf(deviceOf(device).raw, info);
                return .ok;
            }

            pub fn device_attach(device: *poplar.Device, attached: *u32) callconv(.c) Status {
                const got = Devices.attach(deviceOf(device).raw) catch |err| return failures.keep(err);
                attached.* = @intFromBool(got);
                return .ok;
            }

            /// What is loaded on it is unloaded.
            pub fn device_detach(device: *poplar.Device) callconv(.c) Status {
                deviceOf(device).clear() catch |err| return failures.keep(err);
                return done(Devices.detach(deviceOf(device).raw));
            }

            /// What is loaded on it is unloaded.
            pub fn device_reset(device: *poplar.Device) callconv(.c) Status {
                deviceOf(device).clear() catch |err| return failures.keep(err);
                return done(Devices.reset(deviceOf(device).raw));
            }

            pub fn device_close(device: *poplar.Device) callconv(.c) void {
                deviceOf(device).close();
            }

            pub fn executable_open(bytes: [*]const u8, size: usize, check_package_hash: i32, out: *?*poplar.Executable) callconv(.c) Status {
                return give(out, loading.Executable.open(bytes[0..size], check_package_hash != 0));
            }

            pub fn executable_close(executable: *poplar.Executable) callconv(.c) void {
                executableOf(executable).release();
            }

            pub fn engine_create(executable: *poplar.Executable, options: [*]const poplar.Option, count: usize, out: *?*poplar.Engine) callconv(.c) Status {
                return give(out, loading.Engine.create(executableOf(executable), options[0..count]));
            }

            pub fn engine_load(engine: *poplar.Engine, device: *poplar.Device) callconv(.c) Status {
                return done(engineOf(engine).load(deviceOf(device)));
            }

            pub fn engine_run(engine: *poplar.Engine, program: u32) callconv(.c) Status {
                return done(engineOf(engine).run(program));
            }

            pub fn engine_stop(engine: *poplar.Engine) callconv(.c) Status {
                engineOf(engine).program.stop();
                return .ok;
            }

            pub fn engine_close(engine: *poplar.Engine) callconv(.c) void {
                engineOf(engine).close();
            }

            pub fn engine_stream_count(engine: *const poplar.Engine, count: *u32) callconv(.c) Status {
                count.* = @intCast(engineOf(engine).program.plan.streams.len);
                return .ok;
            }

            pub fn engine_stream(engine: *const poplar.Engine, index: u32, info: *poplar.StreamInfo) callconv(.c) Status {
                const used = engineOf(engine).program;
                if (index >= used.plan.streams.len)
                    return failures.keep(report.fail(error.invalid_argument, "there is no stream {d}; the executable has {d}.", .{ index, used.plan.streams.len }));
                const stream = used.plan.streams[index];
                info.* = .{
                    .handle = stream.handle.ptr,
                    .size = used.sizeOf(index),
                    .to_device = @intFromBool(stream.to_device),
                    .replicas = used.plan.copiesOf(stream.tensor),
                };
                return .ok;
            }

            pub fn engine_connect_memory(engine: *poplar.Engine, handle: [*:0]const u8, replica: u32, begin: ?*anyopaque, end: ?*anyopaque) callconv(.c) Status {
                const first = @intFromPtr(begin);
                const after = @intFromPtr(end);
                if (after < first)
                    return failures.keep(report.fail(error.invalid_argument, "stream {s} cannot be connected to memory that ends before it begins.", .{handle}));
                const bytes: []u8 = if (begin) |address| @as([*]u8, @ptrCast(address))[0 .. after - first] else &.{};
                return done(engineOf(engine).program.connectMemory(std.mem.span(handle), replica, bytes));
            }

            pub fn engine_connect_callbacks(
                engine: *poplar.Engine,
                handle: [*:0]const u8,
                replica: u32,
                calls: *const poplar.Callbacks,
                context: ?*anyopaque,
            ) callconv(.c) Status {
                return done(engineOf(engine).program.connectCallbacks(std.mem.span(handle), replica, calls.*, context));
            }

            pub fn engine_copy_to_remote(engine: *poplar.Engine, data: [*]const u8, handle: [*:0]const u8, repeat: u32, replica: u32) callconv(.c) Status {
                const block = engineOf(engine).program.remoteBlock(std.mem.span(handle), repeat, replica) catch |err| return failures.keep(err);
                @memcpy(block, data[0..block.len]);
                return .ok;
            }

            pub fn engine_copy_from_remote(engine: *poplar.Engine, handle: [*:0]const u8, data: [*]u8, repeat: u32, replica: u32) callconv(.c) Status {
                const block = engineOf(engine).program.remoteBlock(std.mem.span(handle), repeat, replica) catch |err| return failures.keep(err);
                @memcpy(data[0..block.len], block);
                return .ok;
            }
        };
    };
}
