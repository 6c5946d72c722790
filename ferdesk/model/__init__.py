"""The network, its checkpoints and its predictor, shared by the application and the trainer."""
