"""The trainer: teaches the network of ferdesk.model from noisily labelled pictures."""
