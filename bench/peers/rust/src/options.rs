use std::error::Error;

#[derive(Clone)]
pub struct Options {
    pub iterations: usize,
    pub warmup: usize,
    pub bytes: usize,
    pub cpus: (usize, usize),
    pub untouched: bool,
    pub answering: bool,
    /// Part of both service names, so that two runs at once do not meet.
    pub session: String,
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Options {
            iterations: 100_000,
            warmup: 10_000,
            bytes: 64,
            cpus: (0, 1),
            untouched: false,
            answering: false,
            session: format!("millrace-bench-{}", std::process::id()),
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--iterations" => options.iterations = value()?.parse()?,
                "--warmup" => options.warmup = value()?.parse()?,
                "--bytes" => options.bytes = value()?.parse::<usize>()?.max(8),
                "--cpus" => {
                    let text = value()?;
                    let (a, b) = text.split_once(',').ok_or("--cpus takes two numbers, such as 0,1")?;
                    options.cpus = (a.parse()?, b.parse()?);
                }
                "--session" => options.session = value()?,
                "--untouched" => options.untouched = true,
                "--answering" => options.answering = true,
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(options)
    }

    pub fn total(&self) -> u64 {
        (self.warmup + self.iterations) as u64
    }

    pub fn for_child(&self) -> Vec<String> {
        let mut args = vec![
            "--answering".into(),
            "--session".into(),
            self.session.clone(),
            "--iterations".into(),
            self.iterations.to_string(),
            "--warmup".into(),
            self.warmup.to_string(),
            "--bytes".into(),
            self.bytes.to_string(),
            "--cpus".into(),
            format!("{},{}", self.cpus.0, self.cpus.1),
        ];
        if self.untouched {
            args.push("--untouched".into());
        }
        args
    }
}

pub fn pin(cpu: usize) -> Result<(), Box<dyn Error>> {
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    unsafe { libc::CPU_SET(cpu, &mut set) };
    match unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set) } {
        0 => Ok(()),
        _ => Err(format!("cannot run on CPU {cpu}: {}", std::io::Error::last_os_error()).into()),
    }
}
