"""Live pre-annotation: a detector that predicts tasks as they are opened, and learns from what annotators say."""
