//! The same transfer as `bench/native/ring.zig`, through rtrb and crossbeam: two threads, 64 Ki slots that wrap, each message
//! written and read whole. A sample is the mean time of one run's messages, in thousandths of a nanosecond.
//!
//! `queues --queue rtrb|rtrb-chunks|crossbeam --bytes 8|64 --runs N --messages N --cpus A,B`

#[path = "../../src/statistics.rs"]
mod statistics;

use crossbeam_queue::ArrayQueue;
use std::collections::HashMap;
use std::hint::spin_loop;
use std::time::Instant;

const CAPACITY: usize = 64 * 1024;
const BATCH: usize = 256;

fn pin(cpu: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
    }
}

fn check<const W: usize>(message: &[u64; W], next: u64) {
    assert!(*message == [next; W], "message {next} arrived with other words than were written");
}

fn rtrb_single<const W: usize>(messages: u64, cpu: usize) {
    let (mut producer, mut consumer) = rtrb::RingBuffer::<[u64; W]>::new(CAPACITY);
    transfer(
        cpu,
        move || {
            for next in 0..messages {
                while producer.push([next; W]).is_err() {
                    spin_loop();
                }
            }
        },
        move || {
            for next in 0..messages {
                loop {
                    if let Ok(message) = consumer.pop() {
                        break check(&message, next);
                    }
                    spin_loop();
                }
            }
        },
    )
}

fn rtrb_chunks<const W: usize>(messages: u64, cpu: usize) {
    let (mut producer, mut consumer) = rtrb::RingBuffer::<[u64; W]>::new(CAPACITY);
    transfer(
        cpu,
        move || {
            let mut next = 0;
            while next < messages {
                let count = producer.slots().min(BATCH).min((messages - next) as usize);
                if count == 0 {
                    spin_loop();
                    continue;
                }
                let chunk = producer.write_chunk_uninit(count).unwrap();
                let written = chunk.fill_from_iter((next..).map(|value| [value; W]).take(count));
                next += written as u64;
            }
        },
        move || {
            let mut next = 0;
            while next < messages {
                let count = consumer.slots().min(BATCH);
                if count == 0 {
                    spin_loop();
                    continue;
                }
                let chunk = consumer.read_chunk(count).unwrap();
                let (first, second) = chunk.as_slices();
                for message in first.iter().chain(second) {
                    check(message, next);
                    next += 1;
                }
                chunk.commit_all();
            }
        },
    )
}

fn crossbeam<const W: usize>(messages: u64, cpu: usize) {
    let queue = &ArrayQueue::<[u64; W]>::new(CAPACITY);
    transfer(
        cpu,
        move || {
            for next in 0..messages {
                while queue.push([next; W]).is_err() {
                    spin_loop();
                }
            }
        },
        move || {
            for next in 0..messages {
                loop {
                    if let Some(message) = queue.pop() {
                        break check(&message, next);
                    }
                    spin_loop();
                }
            }
        },
    )
}

fn transfer(cpu: usize, write: impl FnOnce() + Send, read: impl FnOnce()) {
    std::thread::scope(|scope| {
        scope.spawn(move || {
            pin(cpu);
            write()
        });
        read()
    })
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let options: HashMap<&str, &str> = args.chunks(2).map(|pair| (&pair[0][2..], pair[1].as_str())).collect();
    let number = |name: &str| options[name].parse::<u64>().expect(name);
    let (a, b) = options["cpus"].split_once(',').expect("two processors");
    let (messages, cpu) = (number("messages"), b.parse().unwrap());
    pin(a.parse().unwrap());
    let run: fn(u64, usize) = match (options["queue"], number("bytes")) {
        ("rtrb", 8) => rtrb_single::<1>,
        ("rtrb", 64) => rtrb_single::<8>,
        ("rtrb-chunks", 8) => rtrb_chunks::<1>,
        ("rtrb-chunks", 64) => rtrb_chunks::<8>,
        ("crossbeam", 8) => crossbeam::<1>,
        ("crossbeam", 64) => crossbeam::<8>,
        other => panic!("no such transfer: {other:?}"),
    };
    run(messages, cpu);
    let samples = (0..number("runs"))
        .map(|_| {
            let before = Instant::now();
            run(messages, cpu);
            (before.elapsed().as_nanos() * 1000 / messages as u128) as u32
        })
        .collect();
    println!("{}", statistics::json(samples));
}
