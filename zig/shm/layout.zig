//! What lies in shared memory, byte for byte: `docs/layout.md` tells it in words. Positions are fixed and 64-bit, so a
//! process built by another compiler, or written in another language, reads the same.
const std = @import("std");

pub const magic = "MILLRACE".*;
/// Raised whenever a byte below moves.
pub const version: u32 = 1;

pub const page = 4096;
pub const processes_max = 128;
pub const segments_max = 8192;
pub const records_max = 8192;
/// Twice the records, so that probes stay short.
pub const index_max = 16384;
pub const name_max = 255;
pub const rank_max = 16;
pub const attributes_max = 4096;
pub const job_name_max = 255;
/// In a record's element type: the segment holds no elements but says where on a GPU they are.
pub const on_gpu: u8 = 0x80;

/// Separates what different processes write: two lines, for the adjacent-line prefetcher.
pub const line = 128;

/// The word under which the tables change. The tag tells the holder from a later user of the same slot, so that a lock
/// is never taken from a living process because its predecessor was seen dead.
pub const LockWord = packed struct(u32) {
    /// Process slot + 1; 0 when free.
    holder: u8 = 0,
    /// Low bits of the number of the holder's file; of its pid while it has none yet.
    tag: u23 = 0,
    /// Somebody sleeps on the word.
    contended: bool = false,
};

/// First page of the control file.
pub const Header = extern struct {
    magic: [8]u8,
    version: u32,
    job_name_length: u32,
    job_name: [256]u8,
    boot_id: [16]u8,

    /// Who changes the tables; see `LockWord`. 0 when free.
    lock: std.atomic.Value(u32) align(line),
    /// Record + 1 whose head is being rewritten in place; `undo` holds what it said before. 0: none.
    undo_record: std.atomic.Value(u32),
    /// Stamp of the next publication. It and the total below change under the lock, so they share its line.
    next_stamp: u64,
    /// Total of the job, for `stats`.
    bytes_published: std.atomic.Value(u64),
    undo: [8]u64,

    /// Even: the tables are at rest. Odd: a change is under way. Readers without the lock read it before and after.
    /// Waiters sleep on it.
    sequence: std.atomic.Value(u32) align(line),
    /// How many processes sleep on `sequence`.
    waiters: std.atomic.Value(u32),

    /// Number of the next file, of a process or a segment.
    next_file: u64 align(line),
    /// Slots at and above were never used.
    process_end: u32,
    segment_end: u32,
    record_end: u32,
    published: u32,

    /// Totals of the job, for `stats`.
    bytes_copied_in: std.atomic.Value(u64) align(line),
    bytes_copied_out: std.atomic.Value(u64),
};

pub const Process = extern struct {
    state: std.atomic.Value(u32),
    pid: u32,
    /// For messages only: a pid is reused, the lock on the process's file is the proof.
    start_time: u64,
    pid_namespace: u64,
    file: u64,
    /// Bytes of recyclable segments that this process made, and how many it wants kept.
    recycled_bytes: u64,
    recycle_limit: u64,
    recycled_count: u32,
    /// 1 while it is counted in `Header.waiters`.
    waiting: std.atomic.Value(u32),
    padding: [line - 56]u8,

    pub const free: u32 = 0;
    pub const live: u32 = 1;
};

pub const Segment = extern struct {
    state: std.atomic.Value(u32),
    /// Grows each time the slot is used; a reference holds slot and generation.
    generation: std.atomic.Value(u32),
    /// The file is named after it; recycling keeps it.
    file: u64,
    size: u64,
    /// Bytes that the file has room for.
    capacity: u64,
    /// Process slot of the creator, and its file, so that a reused slot is not taken for it.
    creator_file: u64,
    creator: u32,
    /// Publications that show it. Derived: `repair` counts them anew.
    names: std.atomic.Value(u32),
    padding: [16]u8,

    pub const State = enum(u32) {
        free = 0,
        /// Being made: belongs to its creator and dies with it.
        creating = 1,
        /// Made, never published: dies with its creator.
        private = 2,
        /// Published at least once: lives until the last name and reference are gone.
        shared = 3,
        /// Freed: no new names; references live on.
        freed = 4,
        /// Nobody holds it; its creator may use the file again.
        recyclable = 5,
        _,
    };
};

/// A publication. `state` decides: a record is written whole before it becomes `used`. Of two used records with one name
/// the one with the higher stamp counts. The head of a used record changes only under `version` and `Header.undo`.
pub const Record = extern struct {
    /// Of the segment, so that a reader need not look there.
    size: u64,
    segment: u32,
    generation: u32,
    attributes_length: u32,
    name_length: u16,
    element_type: u8,
    rank: u8,
    state: std.atomic.Value(u32),
    /// Odd while the head (all above the name) is being rewritten in place.
    version: std.atomic.Value(u32),
    /// The first four, in one line with what is above: all that a reader of most tensors copies. The name fills lines of
    /// its own, which stay as they are when another tensor is published under it.
    dimensions: [4]u64,
    name: [256]u8,
    more_dimensions: [rank_max - 4]u64,
    hash: u64,
    stamp: u64,
    padding: [80]u8,

    pub const free: u32 = 0;
    pub const used: u32 = 1;
};

pub const ReferenceRow = [segments_max]std.atomic.Value(u32);

/// The whole control file. Sparse: `reserve` backs the parts in use with memory before anything touches them.
pub const Control = extern struct {
    header: Header,
    header_padding: [page - @sizeOf(Header)]u8,
    processes: [processes_max]Process,
    segments: [segments_max]Segment,
    /// Record + 1, by hash with linear probing; 0 ends a probe. Derived: `repair` builds it anew.
    index: [index_max]std.atomic.Value(u32),
    records: [records_max]Record,
    attributes: [records_max][attributes_max]u8,
    references: [processes_max]ReferenceRow,
};

/// First bytes of a segment's file; the data begins at `data_offset`.
pub const SegmentHeader = extern struct {
    magic: [8]u8 = magic,
    version: u32 = version,
    generation: u32,
    file: u64,
    size: u64,
    capacity: u64,
    creator_pid: u64,
    creator_start_time: u64,
    creator_namespace: u64,
};

pub const data_offset = page;

comptime {
    std.debug.assert(@sizeOf(Header) <= page);
    std.debug.assert(@sizeOf(Process) == line);
    std.debug.assert(@sizeOf(Segment) == 64);
    std.debug.assert(@sizeOf(Record) == 512 and @offsetOf(Record, "name") == 64 and @offsetOf(Record, "hash") == 416);
    std.debug.assert(processes_max < std.math.maxInt(u8));
    std.debug.assert(@offsetOf(Control, "processes") == page);
    for (@typeInfo(Control).@"struct".fields) |field| {
        if (!std.mem.eql(u8, field.name, "header_padding")) std.debug.assert(@offsetOf(Control, field.name) % page == 0);
    }
}
