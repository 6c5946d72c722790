"""What streaming costs and how late it is: LSL, OSC and WebSocket to receivers in other processes.

    python -m benchmarks.streams --readings 300 [--hours 1]

Three measurements in one run:

* Latency: from the capture of a frame to its reading in the receiver, at 30 frames per second, all
  three on; "analysed" is the part before the sender gets it.
* Cost: time and processor time per reading, as fast as the analysis can, in short blocks with all
  three on and with none, in turn (off on on off): only the ratio matters. Twice: with receivers
  that wake once per second, which is what streaming costs ferdesk, and with receivers that unpack
  every reading at once, whose work takes from the same cores. What receivers use is told apart.
* `--hours`: readings of the sample clip, made once, sent at the rate of a camera for so long:
  memory, lost readings, and how far the LSL time stamps are from the capture clock. Nothing is
  analysed meanwhile, so that the rate is held on a busy machine, too.

All processes read one clock (`time.perf_counter`), which Linux, macOS and Windows share among
processes.
"""
