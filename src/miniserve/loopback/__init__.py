"""What does the server show its operator?

The loopback port: metrics, /details, and the live page with its event stream. Only loopback Host headers are accepted.
status.py says what one server process reports about itself, and live.py counts what the live page draws.
"""
