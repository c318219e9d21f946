"""The audit: whether a detector goes by shortcuts, one module a shortcut, each part with its figures and a verdict."""
