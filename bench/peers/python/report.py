"""How the peers in Python report: one JSON line, as the native benchmarks print it."""

import json


def report(samples, version):
    """Prints durations in nanoseconds."""
    samples = sorted(samples)

    def at(share):
        return samples[min(len(samples) - 1, int(share * len(samples)))]

    summary = {
        "unit": "ns",
        "n": len(samples),
        "mean": sum(samples) / len(samples),
        "min": samples[0],
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p999": None,
        "p9999": None,
        "max": samples[-1],
        "version": version,
    }
    print(json.dumps(summary))
