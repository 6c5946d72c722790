"""What sessions take: opening and scrubbing ten minutes, memory over an hour, what a kill costs.

    python -m benchmarks.sessions [--source sample] [--parts open,hour,kills]

All of it records real readings: a part of the source, tiled to 640×480 with noise as of a camera,
read once by landmarker and network and then played in a loop, 30 frames per second of its own time.

* `open`: ten minutes with video and landmarks, written faster than real time. Time to open as the
  window opens it; seeks to random moments; a drag over the ribbon; megabytes of the database. No
  drawing: that is the window's.
* `hour`: an hour, ten times faster than real time, through the recorder. Resident memory per
  tenth, and what the recorder had no room for.
* `kills`: a recording in a process of its own, killed (SIGKILL) at random moments (seeded), 20
  times.
"""
