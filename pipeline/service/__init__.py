"""The detector over HTTP; needs the extra `serve`."""
