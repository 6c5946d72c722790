"""Landmarks, the aligned crop, face ids and picture quality. No Qt, no torch."""
