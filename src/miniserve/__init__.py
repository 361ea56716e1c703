"""The server: serves the production arm, runs the shadow arm unseen, writes one line per request."""
