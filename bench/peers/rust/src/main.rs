//! Publish-subscribe ping-pong over iceoryx2 between two processes that both busy wait.
//!
//! `peer --iterations N --warmup N --bytes N --cpus A,B [--untouched]` starts its own second process and prints one JSON
//! line: nanoseconds one way, as half of each round trip. Samples are loaned ahead, outside the timed path, which is
//! how iceoryx2's own benchmark does it. The payload is written before each send and summed after each receive, unless
//! `--untouched` asks for the bare hand-off of a loaned sample (only its first 8 bytes, the sequence number, are used).

mod options;
mod statistics;

use core::mem::MaybeUninit;
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::publish_subscribe::PortFactory as Channels;
use options::Options;
use std::process::Command;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Channel {
    out: Publisher<ipc::Service, [u8], ()>,
    back: Subscriber<ipc::Service, [u8], ()>,
    services: [Channels<ipc::Service, [u8], ()>; 2],
    untouched: bool,
    bytes: usize,
}

impl Channel {
    fn open(node: &Node<ipc::Service>, options: &Options, out: &str, back: &str) -> Outcome<Self> {
        let service = |direction: &str| -> Outcome<_> {
            let name = ServiceName::new(&format!("{}/{}", options.session, direction))?;
            Ok(node
                .service_builder(&name)
                .publish_subscribe::<[u8]>()
                .max_publishers(1)
                .max_subscribers(1)
                .history_size(0)
                .subscriber_max_buffer_size(1)
                .enable_safe_overflow(true)
                .open_or_create()?)
        };
        let services = [service(out)?, service(back)?];
        Ok(Channel {
            out: services[0].publisher_builder().initial_max_slice_len(options.bytes).create()?,
            back: services[1].subscriber_builder().create()?,
            services,
            untouched: options.untouched,
            bytes: options.bytes,
        })
    }

    /// Both directions have both ends: a message sent before that would be lost.
    fn connected(&self) -> bool {
        self.services.iter().all(|service| {
            let ports = service.dynamic_config();
            ports.number_of_publishers() == 1 && ports.number_of_subscribers() == 1
        })
    }

    fn loan(&self) -> Outcome<Loan> {
        Ok(self.out.loan_slice_uninit(self.bytes)?)
    }

    fn send(&self, mut sample: Loan, sequence: u64) -> Outcome<()> {
        let payload = sample.payload_mut();
        if !self.untouched {
            payload.fill(MaybeUninit::new(sequence as u8));
        }
        for (byte, value) in payload.iter_mut().zip(sequence.to_le_bytes()) {
            *byte = MaybeUninit::new(value);
        }
        unsafe { sample.assume_init() }.send()?;
        Ok(())
    }

    /// Spins until a sample is there, reads it, and returns its sequence number.
    fn receive(&self) -> Outcome<u64> {
        loop {
            let Some(sample) = self.back.receive()? else { continue };
            let payload = sample.payload();
            let sequence = u64::from_le_bytes(payload[..8].try_into()?);
            if !self.untouched {
                let expected = sequence as u8;
                if payload[8..].iter().any(|&byte| byte != expected) {
                    return Err(format!("message {sequence} arrived with other bytes than were written").into());
                }
            }
            return Ok(sequence);
        }
    }
}

type Loan = iceoryx2::sample_mut_uninit::SampleMutUninit<ipc::Service, [MaybeUninit<u8>], ()>;

fn answer(options: &Options, channel: &Channel) -> Outcome<()> {
    for expected in 0..options.total() {
        let sample = channel.loan()?;
        let sequence = channel.receive()?;
        if sequence != expected {
            return Err(format!("message {sequence} arrived, {expected} was due").into());
        }
        channel.send(sample, sequence)?;
    }
    Ok(())
}

fn ask(options: &Options, channel: &Channel) -> Outcome<Vec<u32>> {
    let mut halves = Vec::with_capacity(options.iterations);
    let mut sample = channel.loan()?;
    let mut before = Instant::now();
    for sequence in 0..options.total() {
        channel.send(sample, sequence)?;
        sample = channel.loan()?;
        let returned = channel.receive()?;
        if returned != sequence {
            return Err(format!("answer {returned} arrived, {sequence} was due").into());
        }
        let now = Instant::now();
        if sequence as usize >= options.warmup {
            halves.push((now.duration_since(before).as_nanos() / 2) as u32);
        }
        before = now;
    }
    Ok(halves)
}

fn main() -> Outcome<()> {
    set_log_level(LogLevel::Error);
    let options = Options::parse(std::env::args().skip(1))?;
    let node = NodeBuilder::new().create::<ipc::Service>()?;
    if options.answering {
        options::pin(options.cpus.1)?;
        let channel = Channel::open(&node, &options, "back", "there")?;
        return answer(&options, &channel);
    }
    options::pin(options.cpus.0)?;
    let channel = Channel::open(&node, &options, "there", "back")?;
    let mut child = Command::new(std::env::current_exe()?).args(options.for_child()).spawn()?;
    while !channel.connected() {
        if let Some(status) = child.try_wait()? {
            return Err(format!("the answering process ended early: {status}").into());
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let halves = ask(&options, &channel)?;
    child.wait()?;
    println!("{}", statistics::json(halves));
    Ok(())
}
