"""Reporting: what the page says and shows, part by part; `feint.pipeline.report` puts it together."""
