"""Readings for other programs while they happen: LSL, OSC and WebSocket. No pictures, ever."""
