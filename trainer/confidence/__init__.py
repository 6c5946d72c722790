"""What a checkpoint may claim: calibration, reliability, faults, the model card."""
