"""A Wi-Fi network that somebody showed before the camera, and the one place that may set it.

`wifi` says what a network is and reads the codes that phones show. The kiosk holds no right to
change a network: `client` asks for it, over a local socket, and `python -m kiosk.network` is the
program at the other end, started by systemd for one request at a time, as root in a sandbox that
holds nothing but the folder of NetworkManager's files and the way to speak to it. That program
trusts nobody: it reads one bounded line, checks everything again, and can do nothing else.

This package uses the standard library and `kiosk.errors` only, so that the program starts quickly
and so that what runs as root can be read in one sitting.
"""
