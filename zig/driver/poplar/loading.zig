//! What stands behind the pointers of `provider.zig`: executables, engines, devices, and which engine is loaded where.
const std = @import("std");
const poplar = @import("table.zig");
const containers = @import("../../engine/program/container.zig");
const futex = @import("../../os/futex.zig");
const report = @import("../../abi/report.zig");
const ProgramEngine = @import("../../engine/program/engine.zig").Engine;

const allocator = std.heap.smp_allocator;

pub fn Loading(comptime Devices: type) type {
    return struct {
        var live_executables: std.atomic.Value(u32) = .init(0);
        var live_engines: std.atomic.Value(u32) = .init(0);
        /// Of `device`, `engine` and `busy` below.
        var lock: futex.Mutex = .{};

        /// Opened and not closed, or closed with engines left.
        pub fn liveExecutables() u32 {
            return live_executables.load(.monotonic);
        }

        pub fn liveEngines() u32 {
            return live_engines.load(.monotonic);
        }

        pub const Executable = struct {
            container: containers.Container,
            /// Its own, and one for each engine.
            references: std.atomic.Value(u32) = .init(1),

            pub fn open(bytes: []const u8, check_package_hash: bool) !*Executable {
                const self = try allocator.create(Executable);
                errdefer allocator.destroy(self);
                self.* = .{ .container = try .open(allocator, bytes, .{ .check_package_hash = check_package_hash }) };
                _ = live_executables.fetchAdd(1, .monotonic);
                return self;
            }

            pub fn release(self: *Executable) void {
                if (self.references.fetchSub(1, .acq_rel) != 1) return;
                self.container.close();
                allocator.destroy(self);
                _ = live_executables.fetchSub(1, .monotonic);
            }
        };

        pub const Engine = struct {
            program: *ProgramEngine,
            executable: *Executable,
            device: ?*Device = null,
            /// A thread is inside `load` or `run`.
            busy: bool = false,

            pub fn create(executable: *Executable, options: []const poplar.Option) !*Engine {
                const self = try allocator.create(Engine);
                errdefer allocator.destroy(self);
                self.* = .{ .program = try .create(allocator, &executable.container, options), .executable = executable };
                _ = executable.references.fetchAdd(1, .monotonic);
                _ = live_engines.fetchAdd(1, .monotonic);
                return self;
            }

            /// What was loaded on the device is unloaded.
            pub fn load(self: *Engine, device: *Device) !void {
                try self.claim();
                defer self.let();
                try self.settle(device);
                errdefer {
                    lock.lock();
                    self.leave();
                    lock.unlock();
                }
                try Devices.load(device.raw, self.program);
            }

            fn settle(self: *Engine, device: *Device) !void {
                lock.lock();
                defer lock.unlock();
                if (device.engine) |other| if (other != self) {
                    if (other.busy) return inUse();
                    other.leave();
                };
                self.leave();
                self.device = device;
                device.engine = self;
            }

            pub fn run(self: *Engine, program: u32) !void {
                try self.claim();
                defer self.let();
                const device = self.device orelse return report.fail(error.stopped, "the engine is not loaded.", .{});
                try Devices.run(device.raw, self.program, program);
            }

            /// A run under way is ended first.
            pub fn close(self: *Engine) void {
                while (self.claim()) |_| break else |_| {
                    self.program.stop();
                    futex.pause();
                }
                lock.lock();
                self.leave();
                lock.unlock();
                self.program.destroy();
                self.executable.release();
                allocator.destroy(self);
                _ = live_engines.fetchSub(1, .monotonic);
            }

            fn claim(self: *Engine) !void {
                lock.lock();
                defer lock.unlock();
                if (self.busy) return inUse();
                self.busy = true;
            }

            fn let(self: *Engine) void {
                lock.lock();
                defer lock.unlock();
                self.busy = false;
            }

            /// Under `lock`; nobody else is inside.
            fn leave(self: *Engine) void {
                const device = self.device orelse return;
                self.program.unload();
                device.engine = null;
                self.device = null;
            }
        };

        pub const Device = struct {
            raw: *Devices.Device,
            engine: ?*Engine = null,

            /// Takes `raw` over, also when it fails.
            pub fn create(raw: *Devices.Device) !*Device {
                errdefer Devices.close(raw);
                const self = try allocator.create(Device);
                self.* = .{ .raw = raw };
                return self;
            }

            /// Unloads what is loaded.
            pub fn clear(self: *Device) !void {
                lock.lock();
                defer lock.unlock();
                const engine = self.engine orelse return;
                if (engine.busy) return inUse();
                engine.leave();
            }

            /// A run under way is ended first: nothing may use the device after this.
            pub fn close(self: *Device) void {
                while (self.clear()) |_| break else |_| {
                    lock.lock();
                    if (self.engine) |engine| engine.program.stop();
                    lock.unlock();
                    futex.pause();
                }
                Devices.close(self.raw);
                allocator.destroy(self);
            }
        };

        fn inUse() anyerror {
            return report.fail(error.invalid_argument, "the engine is in use by another thread.", .{});
        }
    };
}
