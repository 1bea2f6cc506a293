/// One JSON line in the form that every native benchmark of Millrace prints (see bench/native/statistics.zig).
pub fn json(mut samples: Vec<u32>) -> String {
    samples.sort_unstable();
    let n = samples.len();
    let at = |fraction: f64| samples[((fraction * n as f64) as usize).min(n - 1)];
    let mean = samples.iter().map(|&ns| f64::from(ns)).sum::<f64>() / n as f64;
    format!(
        "{{\"unit\":\"ns\",\"n\":{n},\"mean\":{mean:.1},\"min\":{},\"p50\":{},\"p90\":{},\"p99\":{},\"p999\":{},\"p9999\":{},\"max\":{}}}",
        samples[0], at(0.5), at(0.9), at(0.99), at(0.999), at(0.9999), samples[n - 1]
    )
}
