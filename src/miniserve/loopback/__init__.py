"""What does the server show its operator?

The loopback port serves metrics, /details and the live page; only loopback Host headers are accepted. port.py listens,
details.py is the application, status.py says what one server process reports about itself. live_page.py has the live
page's routes, live_feed.py its events, live.py the figures, live_counts.py and sequential.py the counting behind them.
"""
