"""A release folder, part by part: what `feint export` writes and checks, and `feint publish` uploads."""
