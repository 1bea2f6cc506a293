"""Times buf[i].copy_(x) of PyTorch, float32 on the CPU, and prints one JSON line of nanoseconds a call."""

import argparse
import time

import torch

from report import report

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
report(samples, torch.__version__)
