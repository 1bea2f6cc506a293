//! What a stream has under way on the device, in order. Events, recorded now and then, tell how far it has come; what was
//! done lets go of what it kept. All on the device's thread.
const std = @import("std");
const api = @import("../driver/cuda/api.zig");
const job = @import("../abi/job.zig");
const commands = @import("command.zig");
const Command = commands.Command;
const Device = @import("device.zig").Device;
const Failure = @import("failure.zig").Failure;
const Stream = @import("stream.zig").Stream;

/// Events that wait at a time; beyond, the next one stands for more.
const marks_max = 32;
/// Commands that one event stands for, so that a long batch lets go of its beginning early.
const between_marks = 64;

const Mark = struct { event: *api.types.Event, ticket: u64 };

pub const Flight = struct {
    head: ?*Command = null,
    tail: ?*Command = null,
    marks: [marks_max]Mark = undefined,
    first_mark: usize = 0,
    mark_count: usize = 0,
    unmarked: usize = 0,
    /// The stream goes when nothing is under way.
    ending: bool = false,
    /// In the device's list of streams with something under way.
    listed: bool = false,
    next: ?*Stream = null,

    pub fn isEmpty(self: *const Flight) bool {
        return self.head == null;
    }

    pub fn add(self: *Flight, command: *Command) void {
        command.next = null;
        if (self.tail) |last| last.next = command else self.head = command;
        self.tail = command;
        self.unmarked += 1;
    }

    pub fn wantsMark(self: *const Flight) bool {
        return self.unmarked >= between_marks and self.mark_count < marks_max;
    }

    /// An event behind all that is under way.
    pub fn mark(self: *Flight, stream: *Stream, device: *Device) void {
        if (self.unmarked == 0 or self.mark_count == marks_max) return;
        const event = device.spareEvent() orelse return self.drain(stream, device);
        const result = device.table.cuEventRecord(event, stream.raw);
        if (result != .success) {
            device.keepEvent(event);
            device.finding("cuEventRecord", result);
            return self.drain(stream, device);
        }
        self.marks[(self.first_mark + self.mark_count) % marks_max] = .{ .event = event, .ticket = self.tail.?.ticket };
        self.mark_count += 1;
        self.unmarked = 0;
    }

    /// Without an event to ask, the thread waits.
    fn drain(self: *Flight, stream: *Stream, device: *Device) void {
        if (!device.isLost()) self.judge(stream, device, "cuStreamSynchronize", device.table.cuStreamSynchronize(stream.raw));
        if (self.tail) |last| self.retire(stream, device, last.ticket);
    }

    /// Looks how far the device has come. True: something is still under way.
    pub fn poll(self: *Flight, stream: *Stream, device: *Device) bool {
        while (self.mark_count > 0) {
            const oldest = self.marks[self.first_mark];
            const result = device.table.cuEventQuery(oldest.event);
            if (result == .not_ready) return true;
            device.polls += 1;
            self.judge(stream, device, "cuEventQuery", result);
            // An event that cannot be asked tells nothing: what is given back below must not be in use.
            if (result != .success and !device.isLost()) device.finding("cuStreamSynchronize", device.table.cuStreamSynchronize(stream.raw));
            // Everything has been retired.
            if (device.isLost()) return false;
            device.keepEvent(oldest.event);
            self.first_mark = (self.first_mark + 1) % marks_max;
            self.mark_count -= 1;
            self.retire(stream, device, oldest.ticket);
        }
        if (self.unmarked > 0) self.mark(stream, device);
        return !self.isEmpty();
    }

    /// An error here is one of what is under way; which one, the driver does not tell.
    fn judge(self: *Flight, stream: *Stream, device: *Device, call: []const u8, result: api.Result) void {
        if (result == .success) return;
        const failure: Failure = .taken(device.failed(call, result));
        if (failure.err == error.device_lost) return device.lose(&failure);
        if (self.head) |oldest| stream.trouble.begin(&failure, oldest.ticket);
    }

    /// The device is lost: nothing under way will ever be told of.
    pub fn abandon(self: *Flight, stream: *Stream, device: *Device, failure: *const Failure) void {
        self.mark_count = 0;
        self.unmarked = 0;
        const oldest = self.head orelse return;
        stream.trouble.begin(failure, oldest.ticket);
        self.retire(stream, device, self.tail.?.ticket);
    }

    fn retire(self: *Flight, stream: *Stream, device: *Device, through: u64) void {
        // What is kept is given back before anybody is told, so that who waits and then looks finds nothing in use; and
        // those who are told by name find the ticket reached.
        const first = self.head;
        var last: ?*Command = null;
        while (self.head) |command| {
            if (command.ticket > through) break;
            letGo(command, device);
            last = command;
            self.head = command.next;
        }
        if (self.head == null) {
            self.tail = null;
            self.unmarked = 0;
        }
        stream.progress.advance(through);
        const end = last orelse return;
        var told = first;
        while (told) |command| : (told = if (command == end) null else command.next) tell(command, stream);
        device.recycle(first.?, end);
    }

    fn letGo(command: *Command, device: *Device) void {
        switch (command.work) {
            .copy => |copy| {
                copy.to.release();
                copy.from.release();
            },
            .fill => |fill| fill.memory.release(),
            .launch => |launch| {
                for (launch.kept_memory()) |memory| memory.release();
                device.submitter.recycleLaunch(launch);
            },
            .wait => |event| event.release(),
            .record, .notify => {},
            .ask, .ending => unreachable,
        }
    }

    fn tell(command: *Command, stream: *Stream) void {
        switch (command.work) {
            .record => |record| {
                record.event.reach(record.turn, stream, command.ticket);
                record.event.release();
            },
            .notify => |waiting| {
                const failure: ?anyerror = if (stream.verdict(command.ticket)) |_| null else |err| err;
                job.end(waiting, failure);
            },
            else => {},
        }
    }

    pub fn deinit(self: *Flight, device: *Device) void {
        while (self.mark_count > 0) : (self.mark_count -= 1) {
            device.keepEvent(self.marks[self.first_mark].event);
            self.first_mark = (self.first_mark + 1) % marks_max;
        }
    }
};
