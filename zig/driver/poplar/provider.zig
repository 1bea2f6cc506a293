//! The functions of `shim.h` over the program engine. Whose devices they are is what `Devices` says:
//!
//!     pub const Device                                       one device, owned by whoever opened it
//!     pub fn count() !u32
//!     pub fn describe(id: u32, info: *DeviceInfo) !void
//!     pub fn children(id: u32, ids: []u32) !void
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
const Engine = @import("../../engine/program/engine.zig").Engine;
const futex = @import("../../os/futex.zig");
const Status = poplar.Status;

const allocator = std.heap.smp_allocator;
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

        pub fn liveExecutables() u32 {
            return live_executables.load(.monotonic);
        }

        pub fn liveEngines() u32 {
            return live_engines.load(.monotonic);
        }

        var live_executables: std.atomic.Value(u32) = .init(0);
        var live_engines: std.atomic.Value(u32) = .init(0);
        /// Which engine is loaded where, and which is in use.
        var lock: futex.Mutex = .{};

        const Executable = struct {
            container: containers.Container,
            /// Its own, and one for each engine.
            references: std.atomic.Value(u32) = .init(1),

            fn release(self: *Executable) void {
                if (self.references.fetchSub(1, .acq_rel) != 1) return;
                self.container.close();
                allocator.destroy(self);
                _ = live_executables.fetchSub(1, .monotonic);
            }
        };

        const Loaded = struct {
            engine: *Engine,
            executable: *Executable,
            /// Under `lock`, as `busy`.
            device: ?*Place = null,
            /// A thread is inside `load` or `run`.
            busy: bool = false,

            fn claim(self: *Loaded) !void {
                lock.lock();
                defer lock.unlock();
                if (self.busy) return inUse();
                self.busy = true;
            }

            fn let(self: *Loaded) void {
                lock.lock();
                defer lock.unlock();
                self.busy = false;
            }

            /// Under `lock`, not busy.
            fn leave(self: *Loaded) void {
                const device = self.device orelse return;
                self.engine.unload();
                device.engine = null;
                self.device = null;
            }
        };

        const Place = struct {
            device: *Devices.Device,
            /// Under `lock`: what is loaded on it.
            engine: ?*Loaded = null,

            fn clear(self: *Place) !void {
                lock.lock();
                defer lock.unlock();
                const engine = self.engine orelse return;
                if (engine.busy) return inUse();
                engine.leave();
            }

            fn interrupt(self: *Place) void {
                lock.lock();
                if (self.engine) |engine| engine.engine.stop();
                lock.unlock();
                futex.pause();
            }
        };

        fn inUse() anyerror {
            return report.fail(error.invalid_argument, "the engine is in use by another thread.", .{});
        }

        fn placeOf(device: anytype) *Place {
            return @ptrCast(@alignCast(@constCast(device)));
        }

        fn loadedOf(engine: anytype) *Loaded {
            return @ptrCast(@alignCast(@constCast(engine)));
        }

        fn executableOf(executable: *poplar.Executable) *Executable {
            return @ptrCast(@alignCast(executable));
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

            pub fn device_open(id: u32, options: [*]const poplar.Option, count: usize, out: *?*poplar.Device) callconv(.c) Status {
                return done(give(Devices.open(id, options[0..count]), out));
            }

            pub fn device_create_model(
                ipu_version: i32,
                num_ipus: u32,
                tiles_per_ipu: u32,
                options: [*]const poplar.Option,
                count: usize,
                out: *?*poplar.Device,
            ) callconv(.c) Status {
                return done(give(Devices.createModel(ipu_version, num_ipus, tiles_per_ipu, options[0..count]), out));
            }

            fn give(opened: anyerror!*Devices.Device, out: *?*poplar.Device) !void {
                out.* = null;
                const device = try opened;
                errdefer Devices.close(device);
                const place = try allocator.create(Place);
                place.* = .{ .device = device };
                out.* = @ptrCast(place);
            }

            pub fn device_info_of(device: *const poplar.Device, info: *poplar.DeviceInfo) callconv(.c) Status {
                Devices.infoOf(placeOf(device).device, info);
                return .ok;
            }

            pub fn device_attach(device: *poplar.Device, attached: *u32) callconv(.c) Status {
                const got = Devices.attach(placeOf(device).device) catch |err| return failures.keep(err);
                attached.* = @intFromBool(got);
                return .ok;
            }

            /// What is loaded on it is unloaded.
            pub fn device_detach(device: *poplar.Device) callconv(.c) Status {
                placeOf(device).clear() catch |err| return failures.keep(err);
                return done(Devices.detach(placeOf(device).device));
            }

            /// What is loaded on it is unloaded.
            pub fn device_reset(device: *poplar.Device) callconv(.c) Status {
                placeOf(device).clear() catch |err| return failures.keep(err);
                return done(Devices.reset(placeOf(device).device));
            }

            pub fn device_close(device: *poplar.Device) callconv(.c) void {
                const place = placeOf(device);
                // A run under way is ended: nothing else may use the device after this.
                while (place.clear()) |_| break else |_| place.interrupt();
                Devices.close(place.device);
                allocator.destroy(place);
            }

            pub fn executable_open(bytes: [*]const u8, size: usize, check_package_hash: i32, out: *?*poplar.Executable) callconv(.c) Status {
                out.* = null;
                return done(openExecutable(bytes[0..size], check_package_hash != 0, out));
            }

            fn openExecutable(bytes: []const u8, check: bool, out: *?*poplar.Executable) !void {
                const executable = try allocator.create(Executable);
                errdefer allocator.destroy(executable);
                executable.* = .{ .container = try .open(allocator, bytes, .{ .check_package_hash = check }) };
                _ = live_executables.fetchAdd(1, .monotonic);
                out.* = @ptrCast(executable);
            }

            pub fn executable_close(executable: *poplar.Executable) callconv(.c) void {
                executableOf(executable).release();
            }

            pub fn engine_create(executable: *poplar.Executable, options: [*]const poplar.Option, count: usize, out: *?*poplar.Engine) callconv(.c) Status {
                out.* = null;
                return done(createEngine(executableOf(executable), options[0..count], out));
            }

            fn createEngine(executable: *Executable, options: []const poplar.Option, out: *?*poplar.Engine) !void {
                const loaded = try allocator.create(Loaded);
                errdefer allocator.destroy(loaded);
                loaded.* = .{ .engine = try .create(allocator, &executable.container, options), .executable = executable };
                _ = executable.references.fetchAdd(1, .monotonic);
                _ = live_engines.fetchAdd(1, .monotonic);
                out.* = @ptrCast(loaded);
            }

            pub fn engine_load(engine: *poplar.Engine, device: *poplar.Device) callconv(.c) Status {
                return done(load(loadedOf(engine), placeOf(device)));
            }

            fn load(loaded: *Loaded, place: *Place) !void {
                try loaded.claim();
                defer loaded.let();
                {
                    lock.lock();
                    defer lock.unlock();
                    if (place.engine) |other| if (other != loaded) {
                        if (other.busy) return inUse();
                        other.leave();
                    };
                    loaded.leave();
                    loaded.device = place;
                    place.engine = loaded;
                }
                errdefer {
                    lock.lock();
                    defer lock.unlock();
                    loaded.leave();
                }
                try Devices.load(place.device, loaded.engine);
            }

            pub fn engine_run(engine: *poplar.Engine, program: u32) callconv(.c) Status {
                return done(runProgram(loadedOf(engine), program));
            }

            fn runProgram(loaded: *Loaded, program: u32) !void {
                try loaded.claim();
                defer loaded.let();
                const place = loaded.device orelse return report.fail(error.stopped, "the engine is not loaded.", .{});
                try Devices.run(place.device, loaded.engine, program);
            }

            pub fn engine_stop(engine: *poplar.Engine) callconv(.c) Status {
                loadedOf(engine).engine.stop();
                return .ok;
            }

            pub fn engine_close(engine: *poplar.Engine) callconv(.c) void {
                const loaded = loadedOf(engine);
                while (loaded.claim()) |_| break else |_| {
                    loaded.engine.stop();
                    futex.pause();
                }
                lock.lock();
                loaded.leave();
                lock.unlock();
                loaded.engine.destroy();
                loaded.executable.release();
                allocator.destroy(loaded);
                _ = live_engines.fetchSub(1, .monotonic);
            }

            pub fn engine_stream_count(engine: *const poplar.Engine, count: *u32) callconv(.c) Status {
                count.* = @intCast(loadedOf(engine).engine.plan.streams.len);
                return .ok;
            }

            pub fn engine_stream(engine: *const poplar.Engine, index: u32, info: *poplar.StreamInfo) callconv(.c) Status {
                const used = loadedOf(engine).engine;
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
                return done(loadedOf(engine).engine.connectMemory(std.mem.span(handle), replica, bytes));
            }

            pub fn engine_connect_callbacks(
                engine: *poplar.Engine,
                handle: [*:0]const u8,
                replica: u32,
                calls: *const poplar.Callbacks,
                context: ?*anyopaque,
            ) callconv(.c) Status {
                return done(loadedOf(engine).engine.connectCallbacks(std.mem.span(handle), replica, calls.*, context));
            }

            pub fn engine_copy_to_remote(engine: *poplar.Engine, data: [*]const u8, handle: [*:0]const u8, repeat: u32, replica: u32) callconv(.c) Status {
                const block = loadedOf(engine).engine.remoteBlock(std.mem.span(handle), repeat, replica) catch |err| return failures.keep(err);
                @memcpy(block, data[0..block.len]);
                return .ok;
            }

            pub fn engine_copy_from_remote(engine: *poplar.Engine, handle: [*:0]const u8, data: [*]u8, repeat: u32, replica: u32) callconv(.c) Status {
                const block = loadedOf(engine).engine.remoteBlock(std.mem.span(handle), repeat, replica) catch |err| return failures.keep(err);
                @memcpy(data[0..block.len], block);
                return .ok;
            }
        };
    };
}
