"""Which configuration is in force, and how does it change?

route_file.py reads route_config.json and replaces it atomically. routes.py follows the file in a running server: it
loads the arms and replaces the configuration as a whole, or refuses it and keeps the one in force. switch.py has the
commands that rewrite the file, and shadow_wait.py lets `shadow-on` wait until the server has loaded the shadow.
"""
