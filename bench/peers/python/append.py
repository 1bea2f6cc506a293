"""Times buf[i].copy_(x) of PyTorch, float32 on the CPU, and prints one JSON line of nanoseconds a call."""

import argparse
import json
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--shape", default="3,224,224")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--runs", type=int, default=100)
parser.add_argument("--threads", type=int, default=0)
options = parser.parse_args()
if options.threads > 0:
    torch.set_num_threads(options.threads)
shape = [int(size) for size in options.shape.split(",")]
buffer = torch.zeros([options.batch, *shape])
element = torch.ones(shape)


def fill():
    for i in range(options.batch):
        buffer[i].copy_(element)


for _ in range(5):
    fill()
samples = []
for _ in range(options.runs):
    began = time.perf_counter_ns()
    fill()
    samples.append((time.perf_counter_ns() - began) / options.batch)
samples.sort()


def at(share):
    return samples[min(len(samples) - 1, int(share * len(samples)))]


print(
    json.dumps(
        {
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
            "version": torch.__version__,
        }
    )
)
