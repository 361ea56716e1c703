"""Which configuration is in force, and how does it change?

The route file is route_config.json: read when it changes, written atomically. routes.py loads the arms it names and
swaps the configuration as a whole. switch.py has the commands that rewrite the file.
"""
