"""Where frames come from. No Qt, no torch, no mediapipe."""
